/* The Python side of h264.c: the type `Parser`.  Only h264.py uses it, and documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "h264.h"

/* ---------------------------------------------------------------- memory */

typedef struct {
    h264_tables tables;
    PyTypeObject *memory_type;
} module_state;

/* An array that was filled without the GIL, and is now Python's. */
typedef struct {
    PyObject_HEAD
    void *data;
    Py_ssize_t size; /* bytes */
} MemoryObject;

static void memory_dealloc(MemoryObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    free(self->data);
    release(self);
    Py_DECREF(type);
}

static int memory_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    const MemoryObject *memory = (MemoryObject *)self;
    return PyBuffer_FillInfo(view, self, memory->data, memory->size, 0, flags);
}

static PyType_Slot memory_slots[] = {
    {Py_tp_dealloc, (void *)memory_dealloc},
    {Py_bf_getbuffer, (void *)memory_getbuffer},
    {0, NULL},
};

static PyType_Spec memory_spec = {
    .name = "compressedvideo.bitstream._parsers.h264.Memory",
    .basicsize = sizeof(MemoryObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = memory_slots,
};

/* Takes what *data points to; on an error it stays the caller's. */
static PyObject *memory_new(PyTypeObject *type, void **data, size_t size)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    MemoryObject *memory = (MemoryObject *)allocate(type, 0);
    if (memory) {
        memory->data = *data;
        memory->size = (Py_ssize_t)size;
        *data = NULL;
    }
    return (PyObject *)memory;
}

/* ---------------------------------------------------------------- the parser */

typedef struct {
    PyObject_HEAD
    h264_parser *parser;
    int32_t num_packets; /* since the last reset */
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
        const module_state *state = PyType_GetModuleState(type);
        self->parser = h264_new(&state->tables, extradata.buf, (size_t)extradata.len);
        if (!self->parser) {
            Py_CLEAR(self);
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    h264_free(self->parser);
    release(self);
    Py_DECREF(type);
}

static bool is_free(const ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* ---------------------------------------------------------------- packets */

typedef struct {
    Py_buffer *buffers;
    Py_ssize_t count;
} packet_list;

static void release_packets(packet_list *packets)
{
    while (packets->count > 0)
        PyBuffer_Release(&packets->buffers[--packets->count]);
    PyMem_Free(packets->buffers);
    packets->buffers = NULL;
}

static bool hold_packets(PyObject *list, packet_list *packets)
{
    Py_ssize_t count = PyList_Size(list); /* -1 and an error if it is no list */
    packets->count = 0;
    packets->buffers = count < 0 ? NULL : PyMem_Calloc((size_t)count, sizeof(Py_buffer));
    if (!packets->buffers)
        return count < 0 ? false : PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_buffer *buffer = &packets->buffers[i];
        PyObject *packet = PyList_GetItem(list, i);
        if (!packet || PyObject_GetBuffer(packet, buffer, PyBUF_SIMPLE) < 0) {
            release_packets(packets);
            return false;
        }
        packets->count++;
        if (buffer->len > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a packet of 2 GiB or more");
            release_packets(packets);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- headers */

/* Bytes that grow. */
typedef struct {
    char *data;
    size_t size, room;
} byte_list;

static bool append(byte_list *list, const void *data, size_t size)
{
    if (list->room - list->size < size) {
        size_t room = 2 * list->room + size + 1024;
        char *grown = realloc(list->data, room);
        if (!grown)
            return false;
        list->data = grown;
        list->room = room;
    }
    if (size > 0)
        memcpy(list->data + list->size, data, size);
    list->size += size;
    return true;
}

typedef struct {
    int32_t packet;
    byte_list records, references;
    bool failed;
} header_list;

static void add_header(void *context, const h264_coded *coded)
{
    header_list *list = context;
    picture_record record = coded->record;
    record.packet = list->packet;
    if (!append(&list->records, &record, sizeof record) ||
        !append(&list->references, coded->references,
                (size_t)record.num_references * sizeof *coded->references))
        list->failed = true;
}

static PyObject *parser_headers(ParserObject *self, PyObject *arg)
{
    packet_list packets;
    header_list list = {0};
    if (!is_free(self) || !hold_packets(arg, &packets))
        return NULL;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < packets.count; i++) {
        list.packet = self->num_packets++;
        h264_packet(self->parser, packets.buffers[i].buf, (size_t)packets.buffers[i].len,
                    H264_HEADERS, add_header, &list);
    }
    Py_END_ALLOW_THREADS
    self->busy = false;
    release_packets(&packets);
    PyObject *result = NULL;
    if (list.failed)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("y#y#", list.records.data ? list.records.data : "",
                               (Py_ssize_t)list.records.size,
                               list.references.data ? list.references.data : "",
                               (Py_ssize_t)list.references.size);
    free(list.records.data);
    free(list.references.data);
    return result;
}

/* ---------------------------------------------------------------- motion */

enum { BLOCK = 16 }; /* of the costs, pixels */

/* A wanted picture.  The arrays are NULL without motion, or without costs. */
typedef struct {
    int32_t picture;
    h264_status status;
    uint64_t bit;
    h264_grid grid;
    int height, width;
    int num_pictures;
    int32_t pictures[H264_MAX_SLOTS];
    size_t cells, blocks;
    void *vectors, *slots;                 /* [2][rows][columns] */
    void *bits, *coefficients, *qp, *types; /* [brows][bcolumns] */
} wanted_picture;

typedef struct {
    bool wanted, with_costs; /* the packet being read */
    wanted_picture *pictures;
    size_t count, room;
    bool failed; /* no memory */
} picture_list;

static void free_pictures(picture_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        wanted_picture *picture = &list->pictures[i];
        free(picture->vectors);
        free(picture->slots);
        free(picture->bits);
        free(picture->coefficients);
        free(picture->qp);
        free(picture->types);
    }
    free(list->pictures);
}

static wanted_picture *add_picture(picture_list *list)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 16;
        wanted_picture *grown = realloc(list->pictures, room * sizeof *grown);
        if (!grown)
            return NULL;
        list->pictures = grown;
        list->room = room;
    }
    wanted_picture *picture = &list->pictures[list->count++];
    memset(picture, 0, sizeof *picture);
    return picture;
}

/* The part of a [mb_height][mb_width] array that the frame covers; cropped corners round down. */
static void *copy_blocks(const h264_coded *coded, const void *from, size_t item)
{
    size_t rows = (size_t)(coded->height + BLOCK - 1) / BLOCK;
    size_t columns = (size_t)(coded->width + BLOCK - 1) / BLOCK;
    char *copy = malloc(rows * columns * item);
    const char *corner = (const char *)from + item * ((size_t)coded->crop_top / BLOCK *
                                                          (size_t)coded->motion->mb_width +
                                                      (size_t)coded->crop_left / BLOCK);
    for (size_t row = 0; copy && row < rows; row++)
        memcpy(copy + row * columns * item,
               corner + row * (size_t)coded->motion->mb_width * item, columns * item);
    return copy;
}

static bool copy_costs(wanted_picture *to, const h264_coded *coded)
{
    const h264_motion *motion = coded->motion;
    to->blocks = (size_t)((coded->height + BLOCK - 1) / BLOCK) *
                 (size_t)((coded->width + BLOCK - 1) / BLOCK);
    to->bits = copy_blocks(coded, motion->bits, sizeof *motion->bits);
    to->coefficients = copy_blocks(coded, motion->coefficients, sizeof *motion->coefficients);
    to->qp = copy_blocks(coded, motion->qp, sizeof *motion->qp);
    to->types = copy_blocks(coded, motion->types, sizeof *motion->types);
    return to->bits && to->coefficients && to->qp && to->types;
}

static bool copy_cells(wanted_picture *to, const h264_coded *coded)
{
    to->grid = h264_grid_of(coded);
    to->cells = (size_t)to->grid.rows * (size_t)to->grid.columns;
    int16_t *vectors = to->vectors = malloc(4 * to->cells * sizeof *vectors);
    uint8_t *slots = to->slots = malloc(2 * to->cells);
    if (!vectors || !slots)
        return false;
    for (int list = 0; list < 2; list++)
        h264_cells(coded, &to->grid, list, vectors + (size_t)list * 2 * to->cells,
                   slots + (size_t)list * to->cells);
    to->num_pictures = coded->motion->num_pictures;
    memcpy(to->pictures, coded->motion->pictures, sizeof to->pictures);
    return true;
}

static void keep_picture(void *context, const h264_coded *coded)
{
    picture_list *list = context;
    if (!list->wanted || list->failed)
        return;
    wanted_picture *to = add_picture(list);
    if (!to) {
        list->failed = true;
        return;
    }
    to->picture = coded->record.picture;
    to->status = coded->status;
    to->bit = coded->error_bit;
    to->height = coded->height;
    to->width = coded->width;
    if (coded->motion)
        list->failed = !copy_cells(to, coded) || (list->with_costs && !copy_costs(to, coded));
}

static PyObject *numbers_tuple(const int32_t *numbers, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple && i < count; i++) {
        PyObject *number = PyLong_FromLong(numbers[i]);
        if (!number || PyTuple_SetItem(tuple, i, number) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* (BLOCK, bits, coefficients, qp, types), or None */
static PyObject *costs_tuple(PyTypeObject *type, wanted_picture *of)
{
    if (!of->bits)
        return Py_NewRef(Py_None);
    PyObject *bits = memory_new(type, &of->bits, of->blocks * sizeof(uint32_t));
    PyObject *coefficients = memory_new(type, &of->coefficients, of->blocks * sizeof(uint16_t));
    PyObject *qp = memory_new(type, &of->qp, of->blocks);
    PyObject *types = memory_new(type, &of->types, of->blocks);
    PyObject *tuple = NULL;
    if (bits && coefficients && qp && types)
        tuple = Py_BuildValue("iOOOO", BLOCK, bits, coefficients, qp, types);
    Py_XDECREF(bits);
    Py_XDECREF(coefficients);
    Py_XDECREF(qp);
    Py_XDECREF(types);
    return tuple;
}

/* (picture, status, bit, cell, height, width, pictures, vectors, slots, costs); the last four are
 * None without motion. */
static PyObject *picture_tuple(PyTypeObject *type, wanted_picture *of)
{
    if (!of->vectors)
        return Py_BuildValue("iiKiiiOOOO", of->picture, (int)of->status,
                             (unsigned long long)of->bit, 0, of->height, of->width, Py_None,
                             Py_None, Py_None, Py_None);
    PyObject *pictures = numbers_tuple(of->pictures, of->num_pictures);
    PyObject *vectors = memory_new(type, &of->vectors, 4 * of->cells * sizeof(int16_t));
    PyObject *slots = memory_new(type, &of->slots, 2 * of->cells);
    PyObject *costs = costs_tuple(type, of), *tuple = NULL;
    if (pictures && vectors && slots && costs)
        tuple = Py_BuildValue("iiKiiiOOOO", of->picture, (int)of->status,
                              (unsigned long long)of->bit, of->grid.size, of->height, of->width,
                              pictures, vectors, slots, costs);
    Py_XDECREF(pictures);
    Py_XDECREF(vectors);
    Py_XDECREF(slots);
    Py_XDECREF(costs);
    return tuple;
}

static PyObject *pictures_list(PyTypeObject *type, picture_list *from)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < from->count; i++) {
        PyObject *tuple = picture_tuple(type, &from->pictures[i]);
        if (!tuple || PyList_Append(list, tuple) < 0)
            Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    return list;
}

static void parse_packets(ParserObject *self, const packet_list *packets, const char *needed,
                          const char *wanted, picture_list *to)
{
    for (Py_ssize_t i = 0; i < packets->count && !to->failed; i++) {
        h264_depth depth = to->with_costs ? H264_VECTORS_AND_COSTS : H264_VECTORS;
        to->wanted = wanted[i] != 0;
        if (!needed[i] && !wanted[i])
            depth = H264_HEADERS;
        self->num_packets++;
        h264_packet(self->parser, packets->buffers[i].buf, (size_t)packets->buffers[i].len, depth,
                    keep_picture, to);
    }
}

static PyObject *parser_parse(ParserObject *self, PyObject *args)
{
    PyObject *packet_objects;
    packet_list packets;
    Py_buffer needed, wanted;
    int with_costs;
    picture_list pictures = {0};
    if (!PyArg_ParseTuple(args, "Oy*y*p:parse", &packet_objects, &needed, &wanted, &with_costs))
        return NULL;
    PyObject *result = NULL;
    if (is_free(self) && hold_packets(packet_objects, &packets)) {
        if (needed.len != packets.count || wanted.len != packets.count) {
            PyErr_Format(PyExc_ValueError, "%zd packets, but %zd and %zd flags", packets.count,
                         needed.len, wanted.len);
        } else {
            pictures.with_costs = with_costs != 0;
            self->busy = true;
            Py_BEGIN_ALLOW_THREADS
            parse_packets(self, &packets, needed.buf, wanted.buf, &pictures);
            Py_END_ALLOW_THREADS
            self->busy = false;
            result = pictures.failed
                         ? PyErr_NoMemory()
                         : pictures_list(((module_state *)PyType_GetModuleState(Py_TYPE((PyObject *)self)))
                                             ->memory_type,
                                         &pictures);
            free_pictures(&pictures);
        }
        release_packets(&packets);
    }
    PyBuffer_Release(&needed);
    PyBuffer_Release(&wanted);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    h264_reset(self->parser);
    self->num_packets = 0;
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the module */

static PyMethodDef parser_methods[] = {
    {"headers", (PyCFunction)parser_headers, METH_O, "records and references of packets"},
    {"parse", (PyCFunction)parser_parse, METH_VARARGS, "motion of the wanted packets' pictures"},
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
    .name = "compressedvideo.bitstream._parsers.h264.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(h264_message((h264_status)value));
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    h264_build_tables(&state->tables);
    state->memory_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &memory_spec, NULL);
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = type && state->memory_type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    if (status < 0 || PyModule_AddIntConstant(module, "OK", H264_OK) < 0 ||
        PyModule_AddIntConstant(module, "NO_COLOCATED", H264_NO_COLOCATED) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", H264_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    const module_state *state = PyModule_GetState(module);
    Py_VISIT(state->memory_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->memory_type);
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

struct PyModuleDef h264_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.h264",
    .m_doc = "Headers and motion of H.264 video, without decoding.",
    .m_size = sizeof(module_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};
