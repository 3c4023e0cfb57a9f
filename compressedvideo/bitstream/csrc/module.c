/* The extension `_parsers`: a module for each codec, under its name. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern struct PyModuleDef hevc_module, mpeg4_module;

static const struct {
    const char *name;
    struct PyModuleDef *definition;
} CODECS[] = {
    {"hevc", &hevc_module},
    {"mpeg4", &mpeg4_module},
};

static int add_codec(PyObject *parent, const char *name, struct PyModuleDef *definition)
{
    int status = -1;
    PyObject *module = NULL;
    PyObject *machinery = PyImport_ImportModule("importlib.machinery");
    PyObject *spec = machinery ? PyObject_CallMethod(machinery, "ModuleSpec", "sO",
                                                     definition->m_name, Py_None)
                               : NULL;
    if (spec)
        module = PyModule_FromDefAndSpec(definition, spec);
    if (module && PyModule_ExecDef(module, definition) == 0)
        status = PyModule_AddObjectRef(parent, name, module);
    Py_XDECREF(module);
    Py_XDECREF(spec);
    Py_XDECREF(machinery);
    return status;
}

static int module_exec(PyObject *module)
{
    for (size_t i = 0; i < sizeof(CODECS) / sizeof(*CODECS); i++) {
        if (add_codec(module, CODECS[i].name, CODECS[i].definition) < 0)
            return -1;
    }
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers",
    .m_doc = "What bitstreams say, without decoding.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__parsers(void)
{
    return PyModuleDef_Init(&module_definition);
}
