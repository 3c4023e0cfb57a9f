/* The Python side of vp9.c: the type `Parser`.  Only vp9.py uses it, and documents it. */
#include "record_python.h"

#include <stdlib.h>

#include "vp9.h"

typedef struct {
    vp9_tables tables;
    PyTypeObject *arrays_type;
} module_state;

typedef struct {
    PyObject_HEAD
    vp9_parser *parser;
    vp9_output stills; /* only its stills: until they are asked for */
    bool busy;         /* some thread is at work, without the GIL */
} ParserObject;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"extradata", NULL};
    Py_buffer extradata = {0}; /* nothing in it is needed */
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|y*:Parser", names, &extradata))
        return NULL;
    PyBuffer_Release(&extradata);
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ParserObject *self = (ParserObject *)allocate(type, 0);
    if (!self)
        return NULL;
    const module_state *state = PyType_GetModuleState(type);
    self->parser = vp9_new(&state->tables);
    if (!self->parser) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void parser_dealloc(PyObject *object)
{
    ParserObject *self = (ParserObject *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    vp9_free(self->parser);
    vp9_output_free(&self->stills);
    release(object);
    Py_DECREF(type);
}

static void read_headers(void *parser, const uint8_t *packet, size_t size, record_list *list)
{
    vp9_read_headers(parser, packet, size, list);
}

static PyObject *parser_headers(PyObject *object, PyObject *packets)
{
    ParserObject *self = (ParserObject *)object;
    return python_headers(packets, read_headers, self->parser, &self->busy);
}

/* ---------------------------------------------------------------- the arrays of a picture */

/* Owns malloc()ed memory, of which Python sees the part that is asked for: nothing is copied. */
typedef struct {
    PyObject_HEAD
    void *memory;
    size_t size;
} ArraysObject;

static void arrays_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    free(((ArraysObject *)object)->memory);
    release(object);
    Py_DECREF(type);
}

static int arrays_getbuffer(PyObject *object, Py_buffer *view, int flags)
{
    ArraysObject *self = (ArraysObject *)object;
    return PyBuffer_FillInfo(view, object, self->memory, (Py_ssize_t)self->size, 0, flags);
}

static PyType_Slot arrays_slots[] = {
    {Py_tp_dealloc, (void *)arrays_dealloc},
    {Py_bf_getbuffer, (void *)arrays_getbuffer},
    {0, NULL},
};

static PyType_Spec arrays_spec = {
    .name = "compressedvideo.bitstream._parsers.vp9.Arrays",
    .basicsize = sizeof(ArraysObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = arrays_slots,
};

/* A memoryview of the whole memory, which now belongs to it. */
static PyObject *own_arrays(PyTypeObject *type, vp9_motion *motion)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ArraysObject *arrays = (ArraysObject *)allocate(type, 0);
    if (!arrays)
        return NULL;
    arrays->memory = motion->memory;
    arrays->size = motion->memory_size;
    motion->memory = NULL;
    PyObject *view = PyMemoryView_FromObject((PyObject *)arrays);
    Py_DECREF(arrays);
    return view;
}

/* `size` bytes of the view from `start` on, or None if there is no such array. */
static PyObject *part_of(PyObject *view, const void *base, const void *start, size_t size)
{
    if (!start)
        return Py_NewRef(Py_None);
    Py_ssize_t offset = (const uint8_t *)start - (const uint8_t *)base;
    return PySequence_GetSlice(view, offset, offset + (Py_ssize_t)size);
}

/* ---------------------------------------------------------------- a run of packets */

static PyObject *costs_or_none(PyObject *view, const void *base, const vp9_motion *motion,
                               size_t blocks)
{
    if (!motion->bits)
        return Py_NewRef(Py_None);
    return Py_BuildValue("iNN", 8, part_of(view, base, motion->bits, 4 * blocks),
                         part_of(view, base, motion->coefficients, 2 * blocks));
}

/* (picture, status, bit, cell, height, width, pictures, vectors, slots, costs) */
static PyObject *motion_tuple(PyTypeObject *arrays_type, vp9_motion *motion)
{
    size_t height = (size_t)motion->height, width = (size_t)motion->width;
    size_t cell = motion->cell ? (size_t)motion->cell : 1;
    size_t cells = (height + cell - 1) / cell * ((width + cell - 1) / cell);
    size_t blocks = (height + 7) / 8 * ((width + 7) / 8);
    const void *base = motion->memory;
    PyObject *view = base ? own_arrays(arrays_type, motion) : Py_NewRef(Py_None);
    PyObject *costs = view ? costs_or_none(view, base, motion, blocks) : NULL;
    PyObject *pictures = PyTuple_New(motion->num_pictures), *tuple = NULL;
    for (int i = 0; pictures && i < motion->num_pictures; i++) {
        PyObject *picture = PyLong_FromLong(motion->pictures[i]);
        if (!picture || PyTuple_SetItem(pictures, i, picture) < 0)
            Py_CLEAR(pictures);
    }
    if (view && pictures && costs)
        tuple = Py_BuildValue("iiKiiiONNO", (int)motion->picture, (int)motion->status,
                              (unsigned long long)motion->bit, motion->cell, motion->height,
                              motion->width, pictures,
                              part_of(view, base, motion->vectors, 8 * cells),
                              part_of(view, base, motion->slots, 2 * cells), costs);
    Py_XDECREF(view);
    Py_XDECREF(pictures);
    Py_XDECREF(costs);
    return tuple;
}

static PyObject *motion_list(PyTypeObject *arrays_type, const vp9_output *output)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < output->num_motions; i++) {
        PyObject *tuple = motion_tuple(arrays_type, output->motions + i);
        if (!tuple || PyList_Append(list, tuple) < 0)
            Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    return list;
}

/* What to do with packet `i` */
static enum vp9_effort effort_of(const Py_buffer *needed, const Py_buffer *wanted, Py_ssize_t i,
                                 bool with_costs)
{
    if (((const char *)wanted->buf)[i])
        return with_costs ? VP9_WANTED_WITH_COSTS : VP9_WANTED;
    return ((const char *)needed->buf)[i] ? VP9_PARSE : VP9_HEADERS_ONLY;
}

static PyObject *parse_packets(ParserObject *self, PyObject *packets, const Py_buffer *needed,
                               const Py_buffer *wanted, bool with_costs)
{
    Py_ssize_t count;
    Py_buffer *buffers = python_hold(packets, &count);
    if (!buffers)
        return NULL;
    if (needed->len != count || wanted->len != count) {
        python_release(buffers, count);
        return PyErr_Format(PyExc_ValueError, "%zd packets, %zd flags of need, %zd of want", count,
                            needed->len, wanted->len);
    }
    vp9_output output = self->stills; /* new ones are appended */
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < count; i++)
        vp9_read_packet(self->parser, buffers[i].buf, (size_t)buffers[i].len,
                        effort_of(needed, wanted, i, with_costs), &output);
    Py_END_ALLOW_THREADS
    python_release(buffers, count);
    const module_state *state = PyType_GetModuleState(Py_TYPE((PyObject *)self));
    PyObject *list = output.out_of_memory ? PyErr_NoMemory()
                                          : motion_list(state->arrays_type, &output);
    self->stills = (vp9_output){.stills = output.stills, .num_stills = output.num_stills,
                                .still_room = output.still_room};
    output.stills = NULL;
    vp9_output_free(&output);
    return list;
}

static PyObject *parser_parse(PyObject *object, PyObject *args)
{
    ParserObject *self = (ParserObject *)object;
    PyObject *packets;
    Py_buffer needed, wanted;
    int with_costs;
    if (!PyArg_ParseTuple(args, "Oy*y*p:parse", &packets, &needed, &wanted, &with_costs))
        return NULL;
    PyObject *list = NULL;
    if (python_is_free(self->busy)) {
        self->busy = true;
        list = parse_packets(self, packets, &needed, &wanted, with_costs != 0);
        self->busy = false;
    }
    PyBuffer_Release(&needed);
    PyBuffer_Release(&wanted);
    return list;
}

/* [(picture, hidden picture, share)] since the last call */
static PyObject *parser_stills(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ParserObject *self = (ParserObject *)object;
    if (!python_is_free(self->busy))
        return NULL;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < self->stills.num_stills; i++) {
        vp9_still still = self->stills.stills[i];
        PyObject *tuple = Py_BuildValue("iid", (int)still.picture, (int)still.hidden, still.share);
        if (!tuple || PyList_Append(list, tuple) < 0)
            Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    if (list)
        vp9_output_free(&self->stills);
    return list;
}

static PyObject *parser_reset(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    ParserObject *self = (ParserObject *)object;
    if (!python_is_free(self->busy))
        return NULL;
    vp9_reset(self->parser);
    vp9_output_free(&self->stills);
    Py_RETURN_NONE;
}

static PyMethodDef parser_methods[] = {
    {"headers", parser_headers, METH_O, "records and references of packets, as bytes"},
    {"parse", parser_parse, METH_VARARGS, "motion of wanted packets' pictures, as tuples"},
    {"stills", parser_stills, METH_NOARGS, "how still shown pictures stand against hidden ones"},
    {"reset", parser_reset, METH_NOARGS, "forget pictures"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

static PyType_Spec parser_spec = {
    .name = "compressedvideo.bitstream._parsers.vp9.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

/* ---------------------------------------------------------------- the module */

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(vp9_message((vp9_status)value));
}

/* {name: bytes}: the numbers of the specification, for a test */
static PyObject *tables(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
#define TABLE(name) #name, (const char *)&vp9_##name, (Py_ssize_t)sizeof vp9_##name
    return Py_BuildValue("{sy#sy#sy#sy#sy#sy#sy#sy#sy#sy#sy#}", TABLE(default_probs),
                         TABLE(kf_y_mode_probs), TABLE(kf_uv_mode_probs),
                         TABLE(kf_partition_probs), TABLE(pareto), TABLE(category6_probs),
                         TABLE(candidates), TABLE(scans_4x4), TABLE(scans_8x8),
                         TABLE(scans_16x16), TABLE(scan_32x32));
#undef TABLE
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {"tables", tables, METH_NOARGS, "the numbers of the specification, for a test"},
    {NULL, NULL, 0, NULL},
};

static int add_constants(PyObject *module)
{
    if (PyModule_AddIntConstant(module, "OK", VP9_OK) < 0 ||
        PyModule_AddIntConstant(module, "INEXACT_END", VP9_INEXACT_END) < 0 ||
        PyModule_AddIntConstant(module, "SCALED", VP9_SCALED) < 0 ||
        PyModule_AddIntConstant(module, "NO_KEY_FRAME", VP9_NO_KEY_FRAME) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", VP9_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static int module_exec(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    vp9_build_tables(&state->tables);
    state->arrays_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &arrays_spec, NULL);
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = state->arrays_type && type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    return status < 0 ? -1 : add_constants(module);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->arrays_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->arrays_type);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef vp9_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.vp9",
    .m_doc = "Motion vectors of VP9 video, without decoding.",
    .m_size = sizeof(module_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};
