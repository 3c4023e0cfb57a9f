/* The extension `_parsers`: a module for each codec, under its name. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern struct PyModuleDef mpeg4_module;
extern struct PyModuleDef mpeg12_module;
extern struct PyModuleDef h263_module;
extern struct PyModuleDef h263i_module;
extern struct PyModuleDef flv1_module;
extern struct PyModuleDef msmpeg4v1_module;
extern struct PyModuleDef msmpeg4_module;
extern struct PyModuleDef wmv2_module;
extern struct PyModuleDef intra_module;
extern struct PyModuleDef ffv1_module;
extern struct PyModuleDef h264_module;
extern struct PyModuleDef hevc_module;
extern struct PyModuleDef vp8_module;
extern struct PyModuleDef vp9_module;
extern struct PyModuleDef av1_module;

static const struct {
    const char *name;
    struct PyModuleDef *definition;
} CODECS[] = {
    {"mpeg4", &mpeg4_module},
    {"mpeg12", &mpeg12_module},
    {"h263", &h263_module},
    {"h263i", &h263i_module},
    {"flv1", &flv1_module},
    {"msmpeg4v1", &msmpeg4v1_module},
    {"msmpeg4", &msmpeg4_module},
    {"wmv2", &wmv2_module},
    {"intra", &intra_module},
    {"ffv1", &ffv1_module},
    {"h264", &h264_module},
    {"hevc", &hevc_module},
    {"vp8", &vp8_module},
    {"vp9", &vp9_module},
    {"av1", &av1_module},
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
