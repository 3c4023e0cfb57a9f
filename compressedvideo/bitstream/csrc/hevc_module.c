/* The Python side of hevc.c: the type `Parser`.  bitstream/_parsers/hevc.pyi documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "hevc.h"

typedef struct {
    PyObject_HEAD
    hevc_parser *parser;
    int32_t next_packet; /* its number, from the last reset on */
    bool busy;           /* some thread is parsing, without the GIL */
} ParserObject;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"extradata", NULL};
    Py_buffer extradata;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*:Parser", names, &extradata))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ParserObject *self = (ParserObject *)allocate(type, 0);
    if (self) {
        self->parser = hevc_new(PyType_GetModuleState(type), extradata.buf, (size_t)extradata.len);
        if (!self->parser) {
            Py_DECREF(self);
            self = (ParserObject *)PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    hevc_free(self->parser);
    release(self);
    Py_DECREF(type);
}

static bool is_free(ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* ---------------------------------------------------------------- packets held by their buffers */

typedef struct {
    Py_buffer *buffers;
    Py_ssize_t count; /* held */
} packet_list;

static void release_packets(packet_list *packets)
{
    while (packets->count > 0)
        PyBuffer_Release(&packets->buffers[--packets->count]);
    PyMem_Free(packets->buffers);
}

static bool hold_packets(PyObject *list, packet_list *packets)
{
    Py_ssize_t size = PyList_Size(list);
    void *memory = size < 0 ? NULL : PyMem_Calloc((size_t)size + 1, sizeof(Py_buffer));
    *packets = (packet_list){memory, 0};
    if (!packets->buffers) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        return false;
    }
    for (; packets->count < size; packets->count++) {
        PyObject *packet = PyList_GetItem(list, packets->count);
        Py_buffer *buffer = packets->buffers + packets->count;
        if (!packet || PyObject_GetBuffer(packet, buffer, PyBUF_SIMPLE) < 0) {
            release_packets(packets);
            return false;
        }
        if (buffer->len > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a packet of 2 GB or more");
            packets->count++;
            release_packets(packets);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- headers */

typedef struct {
    char *bytes;
    size_t size, capacity;
} growing;

static bool append(growing *to, const void *bytes, size_t size)
{
    if (size > to->capacity - to->size) {
        size_t capacity = 2 * (to->size + size) + 1024;
        char *grown = realloc(to->bytes, capacity);
        if (!grown)
            return false;
        to->bytes = grown;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    return true;
}

static bool read_headers(ParserObject *self, const packet_list *packets, growing *records,
                         growing *references)
{
    hevc_picture_info picture;
    bool fits = true;
    for (Py_ssize_t i = 0; fits && i < packets->count; i++) {
        const Py_buffer *packet = packets->buffers + i;
        size_t offset = 0;
        while (fits && hevc_next_picture(self->parser, packet->buf, (size_t)packet->len, &offset,
                                         HEVC_HEADERS, &picture)) {
            picture.record.packet = self->next_packet;
            size_t size = (size_t)picture.record.num_references * sizeof *picture.references;
            fits = append(records, &picture.record, sizeof picture.record) &&
                   append(references, picture.references, size);
        }
        self->next_packet++;
    }
    return fits;
}

static PyObject *parser_headers(ParserObject *self, PyObject *list)
{
    packet_list packets;
    growing records = {NULL, 0, 0}, references = {NULL, 0, 0};
    bool fits;
    if (!is_free(self) || !hold_packets(list, &packets))
        return NULL;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    fits = read_headers(self, &packets, &records, &references);
    Py_END_ALLOW_THREADS
    self->busy = false;
    release_packets(&packets);
    PyObject *result = fits ? Py_BuildValue("y#y#", records.bytes ? records.bytes : "",
                                            (Py_ssize_t)records.size,
                                            references.bytes ? references.bytes : "",
                                            (Py_ssize_t)references.size)
                            : PyErr_NoMemory();
    free(records.bytes);
    free(references.bytes);
    return result;
}

/* ---------------------------------------------------------------- motion */

/* A wanted picture. */
typedef struct {
    int32_t number;
    hevc_status status;
    uint64_t error_bit;
    bool has_motion, has_costs;
    hevc_motion motion;
    /* In a row: int16 vectors, uint32 bits and levels, uint16 coefficients, uint8 slots */
    char *memory;
    size_t vectors_size, slots_size, num_ctbs;
} wanted_picture;

typedef struct {
    wanted_picture *pictures;
    size_t count, capacity;
} wanted_list;

static bool put_picture(const hevc_parser *parser, bool with_costs, wanted_picture *to)
{
    hevc_get_motion(parser, &to->motion);
    size_t rows = (size_t)((to->motion.height + to->motion.cell - 1) / to->motion.cell);
    size_t columns = (size_t)((to->motion.width + to->motion.cell - 1) / to->motion.cell);
    to->slots_size = 2 * rows * columns;
    to->vectors_size = to->slots_size * 2 * sizeof(int16_t);
    to->num_ctbs = (size_t)to->motion.ctb_rows * (size_t)to->motion.ctb_columns;
    size_t ctbs = with_costs ? to->num_ctbs : 0;
    to->memory = malloc(to->vectors_size + 10 * ctbs + to->slots_size);
    if (!to->memory)
        return false;
    char *costs = to->memory + to->vectors_size;
    hevc_put_motion(parser, &to->motion, (int16_t *)(void *)to->memory,
                    (uint8_t *)(costs + 10 * ctbs));
    if (with_costs)
        hevc_put_costs(parser, &to->motion, (uint32_t *)(void *)costs,
                       (uint16_t *)(void *)(costs + 8 * ctbs),
                       (uint32_t *)(void *)(costs + 4 * ctbs));
    to->has_motion = true;
    to->has_costs = with_costs;
    return true;
}

static bool add_picture(const hevc_parser *parser, const hevc_picture_info *info, bool with_costs,
                        wanted_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = 2 * list->capacity + 16;
        wanted_picture *grown = realloc(list->pictures, capacity * sizeof *grown);
        if (!grown)
            return false;
        list->pictures = grown;
        list->capacity = capacity;
    }
    wanted_picture *to = list->pictures + list->count;
    memset(to, 0, sizeof *to);
    to->number = info->record.picture;
    to->status = info->status;
    to->error_bit = info->error_bit;
    if (info->has_motion && !put_picture(parser, with_costs, to))
        return false;
    list->count++;
    return true;
}

/* needed, wanted: a flag for each packet. */
static bool parse_packets(ParserObject *self, const packet_list *packets, const char *needed,
                          const char *wanted, bool with_costs, wanted_list *list)
{
    hevc_picture_info picture;
    for (Py_ssize_t i = 0; i < packets->count; i++) {
        const Py_buffer *packet = packets->buffers + i;
        hevc_depth depth = wanted[i] ? (with_costs ? HEVC_COSTS : HEVC_MOTION)
                           : needed[i] ? HEVC_MOTION
                                       : HEVC_HEADERS;
        size_t offset = 0;
        while (hevc_next_picture(self->parser, packet->buf, (size_t)packet->len, &offset, depth,
                                 &picture))
            if (wanted[i] && !add_picture(self->parser, &picture, with_costs, list))
                return false;
        self->next_packet++;
    }
    return true;
}

/* (picture, status, bit, cell, height, width, pictures, vectors, slots, costs) */
static PyObject *picture_tuple(const wanted_picture *picture)
{
    unsigned long long bit = picture->error_bit;
    if (!picture->has_motion)
        return Py_BuildValue("iiKiiiNOOO", picture->number, (int)picture->status, bit, 0, 0, 0,
                             PyTuple_New(0), Py_None, Py_None, Py_None);
    const hevc_motion *motion = &picture->motion;
    PyObject *pictures = PyTuple_New(motion->num_pictures);
    for (int i = 0; pictures && i < motion->num_pictures; i++) {
        PyObject *number = PyLong_FromLong(motion->pictures[i]);
        if (!number || PyTuple_SetItem(pictures, i, number) < 0)
            Py_CLEAR(pictures);
    }
    const char *costs = picture->memory + picture->vectors_size;
    Py_ssize_t ctbs = (Py_ssize_t)picture->num_ctbs;
    PyObject *cost_tuple = picture->has_costs
                               ? Py_BuildValue("iy#y#y#", motion->ctb_size, costs, 4 * ctbs,
                                               costs + 8 * ctbs, 2 * ctbs, costs + 4 * ctbs,
                                               4 * ctbs)
                               : Py_NewRef(Py_None);
    const char *slots = costs + (picture->has_costs ? 10 * ctbs : 0);
    return Py_BuildValue("iiKiiiNy#y#N", picture->number, (int)picture->status, bit, motion->cell,
                         motion->height, motion->width, pictures, picture->memory,
                         (Py_ssize_t)picture->vectors_size, slots,
                         (Py_ssize_t)picture->slots_size, cost_tuple);
}

static PyObject *list_of_tuples(const wanted_list *list)
{
    PyObject *tuples = PyList_New((Py_ssize_t)list->count);
    for (size_t i = 0; tuples && i < list->count; i++) {
        PyObject *tuple = picture_tuple(list->pictures + i);
        if (!tuple || PyList_SetItem(tuples, (Py_ssize_t)i, tuple) < 0)
            Py_CLEAR(tuples);
    }
    return tuples;
}

static PyObject *parser_parse(ParserObject *self, PyObject *args)
{
    PyObject *list;
    const char *needed, *wanted;
    Py_ssize_t num_needed, num_wanted;
    int with_costs;
    packet_list packets;
    wanted_list pictures = {NULL, 0, 0};
    bool fits;
    if (!is_free(self) || !PyArg_ParseTuple(args, "Oy#y#p:parse", &list, &needed, &num_needed,
                                            &wanted, &num_wanted, &with_costs))
        return NULL;
    if (!hold_packets(list, &packets))
        return NULL;
    if (num_needed != packets.count || num_wanted != packets.count) {
        PyErr_Format(PyExc_ValueError, "%zd packets, %zd flags of the needed, %zd of the wanted",
                     packets.count, num_needed, num_wanted);
        release_packets(&packets);
        return NULL;
    }
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    fits = parse_packets(self, &packets, needed, wanted, with_costs != 0, &pictures);
    Py_END_ALLOW_THREADS
    self->busy = false;
    release_packets(&packets);
    PyObject *result = fits ? list_of_tuples(&pictures) : PyErr_NoMemory();
    for (size_t i = 0; i < pictures.count; i++)
        free(pictures.pictures[i].memory);
    free(pictures.pictures);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    hevc_reset(self->parser);
    self->next_packet = 0;
    Py_RETURN_NONE;
}

static PyMethodDef parser_methods[] = {
    {"headers", (PyCFunction)parser_headers, METH_O, "records and references of packets"},
    {"parse", (PyCFunction)parser_parse, METH_VARARGS, "motion of wanted packets' pictures"},
    {"reset", (PyCFunction)parser_reset, METH_NOARGS, "forget the pictures"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

static PyType_Spec parser_spec = {
    .name = "compressedvideo.bitstream._parsers.hevc.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(hevc_message((hevc_status)value));
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {
        {"OK", HEVC_OK},
        {"INEXACT_END", HEVC_INEXACT_END},
        {"NO_KEY", HEVC_NO_KEY},
        {"SKIPPED_LEADING", HEVC_SKIPPED_LEADING},
        {"NO_COLOCATED", HEVC_NO_COLOCATED},
        {"FIRST_UNSUPPORTED", HEVC_FIRST_UNSUPPORTED},
    };
    hevc_build_tables(PyModule_GetState(module));
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    for (size_t i = 0; status == 0 && i < sizeof constants / sizeof *constants; i++)
        status = PyModule_AddIntConstant(module, constants[i].name, constants[i].value);
    return status;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef hevc_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.hevc",
    .m_doc = "Headers and motion vectors of HEVC video, without decoding.",
    .m_size = sizeof(hevc_tables),
    .m_methods = module_methods,
    .m_slots = module_slots,
};
