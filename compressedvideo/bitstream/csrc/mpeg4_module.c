/* The Python side of mpeg4.c: the type `Parser`.  Only mpeg4.py uses it, and documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "headers_python.h"
#include "mpeg4.h"

typedef struct {
    PyObject_HEAD
    mpeg4_parser *parser;
    bool busy; /* some thread is parsing, without the GIL */
} ParserObject;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"skip_i_vops", NULL};
    int skip_i_vops = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:Parser", names, &skip_i_vops))
        return NULL;
    ParserObject *self = (ParserObject *)PyType_GenericAlloc(type, 0);
    if (!self)
        return NULL;
    self->parser = mpeg4_new(PyType_GetModuleState(type), skip_i_vops != 0);
    if (!self->parser) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    mpeg4_free(self->parser);
    PyObject_Free(self);
    Py_DECREF(type);
}

static bool is_free(ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* (type, coded, ticks, status, error_bit, height, width, quarter_sample, memory or None) */
static PyObject *vop_tuple(const mpeg4_vop *vop, const mpeg4_layer *layer)
{
    PyObject *memory;
    if (vop->picture) {
        memory = PyBytes_FromStringAndSize(vop->picture->memory, (Py_ssize_t)vop->picture->size);
        if (!memory)
            return NULL;
    } else {
        memory = Py_NewRef(Py_None);
    }
    return Py_BuildValue("COLiKiiON", vop->type, vop->coded ? Py_True : Py_False,
                         (long long)vop->ticks, (int)vop->status,
                         (unsigned long long)vop->error_bit, layer->height, layer->width,
                         layer->quarter_sample ? Py_True : Py_False, memory);
}

static PyObject *parser_parse(ParserObject *self, PyObject *data)
{
    Py_buffer buffer;
    if (!is_free(self) || PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *vops = PyList_New(0);
    size_t offset = 0;
    self->busy = true;
    while (vops) {
        mpeg4_vop vop;
        bool found;
        Py_BEGIN_ALLOW_THREADS
        found = mpeg4_next_vop(self->parser, buffer.buf, (size_t)buffer.len, &offset, &vop);
        Py_END_ALLOW_THREADS
        if (!found)
            break;
        PyObject *tuple = vop_tuple(&vop, mpeg4_get_layer(self->parser));
        if (!tuple || PyList_Append(vops, tuple) < 0)
            Py_CLEAR(vops);
        Py_XDECREF(tuple);
    }
    self->busy = false;
    PyBuffer_Release(&buffer);
    return vops;
}

/* ---------------------------------------------------------------- a run of packets */

/* What comes of the first coded VOP of a packet. */
typedef struct {
    bool found;
    char type;
    mpeg4_status status;
    int height, width;
} outcome;

typedef struct {
    Py_buffer buffer;
    bool wanted;
    outcome vop;
} run_packet;

/* Where the wanted VOPs go, one behind the other; mpeg4.py knows this order, too. */
typedef struct {
    int height, width;
    bool with_costs;
    size_t cells, macroblocks; /* of a VOP */
    int16_t *vectors;          /* [wanted][direction][cell][2] */
    uint32_t *bits;            /* [wanted][macroblock], if with_costs */
    uint16_t *coefficients;
    uint8_t *slots; /* [wanted][direction][cell] */
} run_target;

/* New memory for `count` VOPs; NULL after an error. */
static PyObject *allocate_run(run_target *to, size_t count)
{
    size_t height = (size_t)to->height, width = (size_t)to->width;
    to->cells = (height + 7) / 8 * ((width + 7) / 8);
    to->macroblocks = (height + 15) / 16 * ((width + 15) / 16);
    size_t costs = to->with_costs ? to->macroblocks : 0;
    size_t size = 2 * to->cells * (2 * sizeof *to->vectors + sizeof *to->slots) +
                  costs * (sizeof *to->bits + sizeof *to->coefficients);
    if (count > (size_t)PY_SSIZE_T_MAX / size)
        return PyErr_NoMemory();
    PyObject *memory = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(count * size));
    if (memory) {
        to->vectors = (int16_t *)PyByteArray_AsString(memory);
        to->bits = (uint32_t *)(to->vectors + count * to->cells * 4);
        to->coefficients = (uint16_t *)(to->bits + count * costs);
        to->slots = (uint8_t *)(to->coefficients + count * costs);
    }
    return memory;
}

/* Writes a VOP as number `slot`. */
static void put_vop(const run_target *to, size_t slot, const mpeg4_vop *vop, bool quarter_sample)
{
    int scale = quarter_sample ? -1 : -2; /* quarter pixels, destination minus source */
    for (size_t direction = 0; direction < 2; direction++) {
        size_t at = (2 * slot + direction) * to->cells;
        if (direction == 0 || vop->type == 'B') {
            mpeg4_cells(vop->picture, direction == 1, to->height, to->width, scale,
                        to->vectors + 2 * at, to->slots + at);
        } else {
            memset(to->vectors + 2 * at, 0, to->cells * 2 * sizeof *to->vectors);
            memset(to->slots + at, MPEG4_UNUSED, to->cells);
        }
    }
    if (to->with_costs) {
        memcpy(to->bits + slot * to->macroblocks, vop->picture->bits,
               to->macroblocks * sizeof *to->bits);
        memcpy(to->coefficients + slot * to->macroblocks, vop->picture->coefficients,
               to->macroblocks * sizeof *to->coefficients);
    }
}

static void run_parser(mpeg4_parser *parser, run_packet *packets, size_t count,
                       const run_target *to)
{
    size_t slot = 0;
    for (run_packet *packet = packets; packet < packets + count; packet++) {
        mpeg4_vop vop;
        size_t offset = 0, size = (size_t)packet->buffer.len;
        while (mpeg4_next_vop(parser, packet->buffer.buf, size, &offset, &vop)) {
            if (packet->vop.found || !vop.coded)
                continue;
            const mpeg4_layer *layer = mpeg4_get_layer(parser);
            packet->vop = (outcome){true, vop.type, vop.status, layer->height, layer->width};
            if (packet->wanted && vop.picture && layer->height == to->height &&
                layer->width == to->width)
                put_vop(to, slot, &vop, layer->quarter_sample);
        }
        slot += packet->wanted;
    }
}

/* [(number of the packet, status or None, height, width)] of those that are not as they should. */
static PyObject *problems_of(const run_packet *packets, Py_ssize_t count, const run_target *to)
{
    PyObject *problems = PyList_New(0);
    for (Py_ssize_t i = 0; problems && i < count; i++) {
        outcome vop = packets[i].vop;
        if (vop.found && vop.status == MPEG4_OK && vop.height == to->height &&
            vop.width == to->width)
            continue;
        PyObject *tuple = vop.found ? Py_BuildValue("niii", i, (int)vop.status, vop.height,
                                                    vop.width)
                                    : Py_BuildValue("nOii", i, Py_None, 0, 0);
        if (!tuple || PyList_Append(problems, tuple) < 0)
            Py_CLEAR(problems);
        Py_XDECREF(tuple);
    }
    return problems;
}

/* One letter for each wanted packet. */
static PyObject *types_of(const run_packet *packets, Py_ssize_t count, Py_ssize_t num_wanted)
{
    PyObject *types = PyBytes_FromStringAndSize(NULL, num_wanted);
    char *next = types ? PyBytes_AsString(types) : NULL;
    for (Py_ssize_t i = 0; types && i < count; i++)
        if (packets[i].wanted)
            *next++ = packets[i].vop.found ? packets[i].vop.type : '?';
    return types;
}

static PyObject *parser_parse_run(ParserObject *self, PyObject *args)
{
    PyObject *list, *wanted, *memory = NULL, *types = NULL, *problems = NULL;
    run_target to = {0};
    int with_costs;
    if (!is_free(self) || !PyArg_ParseTuple(args, "O!O!iip", &PyList_Type, &list, &PyList_Type,
                                            &wanted, &to.height, &to.width, &with_costs))
        return NULL;
    to.with_costs = with_costs != 0;
    Py_ssize_t count = PyList_Size(list), num_held = 0, num_wanted = 0;
    if (to.height < 1 || to.width < 1 || to.height > 1 << 13 || to.width > 1 << 13 ||
        PyList_Size(wanted) != count) {
        PyErr_SetString(PyExc_ValueError, "no such frame size, or not one flag for each packet");
        return NULL;
    }
    run_packet *packets = PyMem_Calloc((size_t)count, sizeof *packets);
    if (!packets)
        return PyErr_NoMemory();
    for (; num_held < count; num_held++) {
        run_packet *packet = packets + num_held;
        packet->wanted = PyList_GetItem(wanted, num_held) == Py_True;
        num_wanted += packet->wanted;
        PyObject *object = PyList_GetItem(list, num_held);
        if (PyObject_GetBuffer(object, &packet->buffer, PyBUF_SIMPLE) < 0)
            break;
    }
    if (num_held == count && (memory = allocate_run(&to, (size_t)num_wanted))) {
        self->busy = true;
        Py_BEGIN_ALLOW_THREADS
        run_parser(self->parser, packets, (size_t)count, &to);
        Py_END_ALLOW_THREADS
        self->busy = false;
        types = types_of(packets, count, num_wanted);
        problems = problems_of(packets, count, &to);
    }
    while (num_held > 0)
        PyBuffer_Release(&packets[--num_held].buffer);
    PyMem_Free(packets);
    PyObject *result = types && problems ? PyTuple_Pack(3, memory, types, problems) : NULL;
    Py_XDECREF(memory);
    Py_XDECREF(types);
    Py_XDECREF(problems);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    mpeg4_reset(self->parser);
    Py_RETURN_NONE;
}

/* (status, height, width, ticks_per_second) */
static PyObject *parser_layer(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    const mpeg4_layer *layer = mpeg4_get_layer(self->parser);
    return Py_BuildValue("iiii", (int)layer->status, layer->height, layer->width,
                         layer->ticks_per_second);
}

static PyMethodDef parser_methods[] = {
    {"parse", (PyCFunction)parser_parse, METH_O, "VOPs of a packet, as tuples"},
    {"parse_run", (PyCFunction)parser_parse_run, METH_VARARGS, "vectors of wanted packets' VOPs"},
    {"reset", (PyCFunction)parser_reset, METH_NOARGS, "forget the anchors"},
    {"layer", (PyCFunction)parser_layer, METH_NOARGS, "the video object layer, as a tuple"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

static PyType_Spec parser_spec = {
    .name = "compressedvideo.bitstream._parsers.mpeg4.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

HEADERS_TYPE_SPEC(header_parser_spec, mpeg4_codec,
                  "compressedvideo.bitstream._parsers.mpeg4.HeaderParser");

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(mpeg4_message((mpeg4_status)value));
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    build_tables(PyModule_GetState(module));
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    if (!type || PyModule_AddObjectRef(module, "Parser", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    if (headers_add_type(module, "HeaderParser", &header_parser_spec) < 0)
        return -1;
    if (PyModule_AddIntConstant(module, "OK", MPEG4_OK) < 0 ||
        PyModule_AddIntConstant(module, "INEXACT_END", MPEG4_INEXACT_END) < 0 ||
        PyModule_AddIntConstant(module, "NO_ANCHORS", MPEG4_NO_ANCHORS) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", MPEG4_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef mpeg4_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.mpeg4",
    .m_doc = "Motion vectors of MPEG-4 part 2 video, without decoding.",
    .m_size = sizeof(mpeg4_tables),
    .m_methods = module_methods,
    .m_slots = module_slots,
};
