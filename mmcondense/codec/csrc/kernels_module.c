/* The Python side of kernels.c. Only kernels.py uses it, and documents it.
 *
 * Arrays come in through the buffer protocol. Types and shapes are checked here, so that no mistake
 * of a caller reaches memory that is not its own; rows may be padded, pixels may not. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "kernels.h"

#define MAX_RUN 16 /* pictures */
#define MAX_ARRAYS (3 + MAX_RUN)
#define MAX_SIDE 65536 /* pixels; keeps all products of sizes far from overflow */

/* The arrays of one call. */
typedef struct {
    Py_buffer views[MAX_ARRAYS];
    int count;
} arrays;

static void release(arrays *all)
{
    while (all->count)
        PyBuffer_Release(&all->views[--all->count]);
}

static char type_code(const Py_buffer *view)
{
    char code = view->format ? view->format[view->format[0] == '@' || view->format[0] == '='] : 'B';
    return code == 'l' && view->itemsize == 4 ? 'i' : code; /* int32 is long on Windows */
}

/* An array of one of `types` and of this shape; a length of -1 takes any. NULL after an error. */
static const Py_buffer *get_array(arrays *all, PyObject *object, const char *name,
                                  const char *types, int ndim, const Py_ssize_t *shape,
                                  bool writable)
{
    Py_buffer *view = &all->views[all->count];
    if (PyObject_GetBuffer(object, view,
                           PyBUF_FORMAT | PyBUF_STRIDES | (writable ? PyBUF_WRITABLE : 0)))
        return NULL;
    all->count++;
    bool fits = view->ndim == ndim && strchr(types, type_code(view)) &&
                (uintptr_t)view->buf % (size_t)view->itemsize == 0;
    Py_ssize_t inner = fits ? view->itemsize : 0;
    for (int axis = ndim - 1; fits && axis >= 0; axis--) {
        fits = shape[axis] < 0 || view->shape[axis] == shape[axis];
        if (axis > 0) {
            fits = fits && (view->strides[axis] == inner || view->shape[axis] == 1);
            inner *= view->shape[axis];
        } else {
            fits = fits && (view->strides[0] >= inner || view->shape[0] <= 1);
            fits = fits && view->strides[0] % view->itemsize == 0;
        }
    }
    if (!fits) {
        PyErr_Format(PyExc_ValueError, "%s: wrong type, shape or layout", name);
        return NULL;
    }
    return view;
}

static plane as_plane(const Py_buffer *view)
{
    Py_ssize_t row = view->itemsize;
    for (int axis = 1; axis < view->ndim; axis++)
        row *= view->shape[axis];
    Py_ssize_t before = view->shape[0] > 1 ? (view->shape[0] - 1) * view->strides[0] : 0;
    return (plane){view->buf, view->strides[0], (size_t)(before + row)};
}

/* [height, width, channels]. */
static bool get_plane(plane *to, char *type, arrays *all, PyObject *object, const char *name,
                      const char *types, int channels, geometry size, bool writable)
{
    Py_ssize_t shape[] = {size.height, size.width, channels};
    const Py_buffer *view = get_array(all, object, name, types, 3, shape, writable);
    if (!view)
        return false;
    *to = as_plane(view);
    if (type)
        *type = type_code(view);
    return true;
}

static bool get_optional_plane(plane *to, arrays *all, PyObject *object, const char *name,
                               const char *types, int channels, geometry size)
{
    *to = (plane){NULL, 0, 0};
    return object == Py_None ||
           get_plane(to, NULL, all, object, name, types, channels, size, false);
}

/* Vectors [rows, columns, 2] and their validity [rows, columns]; both None: no such direction. */
static bool get_cells(cells *to, arrays *all, PyObject *vectors, PyObject *valid, const char *name,
                      geometry size)
{
    *to = (cells){NULL, NULL};
    if (vectors == Py_None)
        return true;
    Py_ssize_t shape[] = {(size.height + CELL - 1) / CELL, (size.width + CELL - 1) / CELL, 2};
    const Py_buffer *values = get_array(all, vectors, name, "h", 3, shape, false);
    const Py_buffer *flags = values ? get_array(all, valid, name, "?", 2, shape, false) : NULL;
    if (!flags)
        return false;
    if (!PyBuffer_IsContiguous(values, 'C') || !PyBuffer_IsContiguous(flags, 'C')) {
        PyErr_Format(PyExc_ValueError, "%s: cells must be contiguous", name);
        return false;
    }
    *to = (cells){values->buf, flags->buf};
    return true;
}

/* The array that says how large a picture is: [height, width, channels], writable. */
static bool get_target(plane *to, char *type, geometry *size, arrays *all, PyObject *object,
                       const char *types, int channels)
{
    Py_ssize_t shape[] = {-1, -1, channels};
    const Py_buffer *view = get_array(all, object, "out", types, 3, shape, true);
    if (!view)
        return false;
    if (view->shape[0] < 1 || view->shape[1] < 1 || view->shape[0] > MAX_SIDE ||
        view->shape[1] > MAX_SIDE) {
        PyErr_Format(PyExc_ValueError, "out: pictures are 1 to %d pixels wide and high", MAX_SIDE);
        return false;
    }
    size->height = (int)view->shape[0];
    size->width = (int)view->shape[1];
    *to = as_plane(view);
    *type = type_code(view);
    return true;
}

static output_type as_output_type(char type)
{
    return type == 'f' ? FLOAT32 : type == 'h' ? INT16 : UINT8;
}

static bool get_motion_target(motion_output *out, geometry *size, arrays *all, PyObject *object,
                              double scale)
{
    char type;
    if (!get_target(&out->pixels, &type, size, all, object, "fhB", 2))
        return false;
    out->type = as_output_type(type);
    out->scale = (float)scale;
    return true;
}

static PyObject *result(arrays *all, bool done)
{
    release(all);
    if (PyErr_Occurred())
        return NULL;
    if (!done)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static const Py_buffer *get_blocks(arrays *all, PyObject *object)
{
    Py_ssize_t any[] = {-1};
    const Py_buffer *blocks = get_array(all, object, "blocks", "B", 1, any, false);
    if (blocks && (blocks->len % (Py_ssize_t)sizeof(motion_vector) ||
                   !PyBuffer_IsContiguous(blocks, 'C'))) {
        PyErr_SetString(PyExc_ValueError, "blocks: no whole number of them, or gaps between them");
        return NULL;
    }
    return blocks;
}

static picture_blocks as_blocks(const Py_buffer *view)
{
    return (picture_blocks){view->buf, (size_t)view->len / sizeof(motion_vector)};
}

static PyObject *py_rasterise(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *blocks, *vectors, *valid;
    int source;
    bool any_future = false;
    if (!PyArg_ParseTuple(args, "OOOi", &vectors, &valid, &blocks, &source))
        return NULL;
    arrays all = {.count = 0};
    Py_ssize_t any[] = {-1, -1, 2};
    const Py_buffer *to = get_array(&all, vectors, "vectors", "h", 3, any, true);
    const Py_buffer *flags = to ? get_array(&all, valid, "valid", "?", 2, to->shape, true) : NULL;
    const Py_buffer *from = flags ? get_blocks(&all, blocks) : NULL;
    if (from && (to->shape[0] > MAX_SIDE || to->shape[1] > MAX_SIDE ||
                 !PyBuffer_IsContiguous(to, 'C') || !PyBuffer_IsContiguous(flags, 'C')))
        PyErr_SetString(PyExc_ValueError, "vectors: too many, or arrays with gaps");
    else if (from) {
        Py_BEGIN_ALLOW_THREADS any_future =
            rasterise(to->buf, flags->buf, (int)to->shape[0], (int)to->shape[1], as_blocks(from),
                      source);
        Py_END_ALLOW_THREADS
    }
    release(&all);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(any_future);
}

static PyObject *py_accumulate(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *start, *past, *valid_past, *past_from, *future, *valid_future, *future_from;
    geometry size;
    int whole;
    if (!PyArg_ParseTuple(args, "OOpOOOOOO", &out, &start, &whole, &past, &valid_past, &past_from,
                          &future, &valid_future, &future_from))
        return NULL;
    size.whole = whole;
    arrays all = {.count = 0};
    char type, types[] = " ";
    plane target, from, past_reference, future_reference;
    cells past_cells, future_cells;
    bool done = true;
    if (get_target(&target, &type, &size, &all, out, "hi", 2) && (types[0] = type) &&
        get_plane(&from, NULL, &all, start, "start", types, 2, size, false) &&
        get_cells(&past_cells, &all, past, valid_past, "past", size) &&
        get_optional_plane(&past_reference, &all, past_from, "past_reference", types, 2, size) &&
        get_cells(&future_cells, &all, future, valid_future, "future", size) &&
        get_optional_plane(&future_reference, &all, future_from, "future_reference", types, 2,
                           size)) {
        if (!past_cells.vectors)
            PyErr_SetString(PyExc_ValueError, "past: there must be vectors, valid or not");
        else {
            Py_BEGIN_ALLOW_THREADS done = (type == 'h' ? accumulate_int16 : accumulate_int32)(
                target, from, past_cells, past_reference, future_cells, future_reference, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

/* See accumulate_run(): `blocks` is a tuple of pictures' blocks. */
static PyObject *py_accumulate_run(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *between, *start, *blocks;
    geometry size;
    int whole;
    if (!PyArg_ParseTuple(args, "OOOpO!", &out, &between, &start, &whole, &PyTuple_Type, &blocks))
        return NULL;
    size.whole = whole;
    arrays all = {.count = 0};
    char type, types[] = " ";
    plane target, other, from;
    bool done = true;
    if (PyTuple_GET_SIZE(blocks) < 1 || PyTuple_GET_SIZE(blocks) > MAX_RUN)
        PyErr_Format(PyExc_ValueError, "run: 1 to %d pictures", MAX_RUN);
    else if (get_target(&target, &type, &size, &all, out, "hi", 2) && (types[0] = type) &&
             get_plane(&other, NULL, &all, between, "between", types, 2, size, true) &&
             get_plane(&from, NULL, &all, start, "start", types, 2, size, false)) {
        picture_blocks run[MAX_RUN];
        int count = 0;
        for (; count < PyTuple_GET_SIZE(blocks); count++) {
            const Py_buffer *of_one = get_blocks(&all, PyTuple_GET_ITEM(blocks, count));
            if (!of_one)
                break;
            run[count] = as_blocks(of_one);
        }
        if (!PyErr_Occurred()) {
            Py_BEGIN_ALLOW_THREADS done = (type == 'h' ? accumulate_run_int16 : accumulate_run_int32)(
                target, other, from, run, count, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

static PyObject *py_accumulated_motion(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *accumulated;
    int divisor;
    double scale;
    if (!PyArg_ParseTuple(args, "OdOi", &out, &scale, &accumulated, &divisor))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = false};
    motion_output target;
    plane from;
    char type;
    bool done = true;
    if (get_motion_target(&target, &size, &all, out, scale) &&
        get_plane(&from, &type, &all, accumulated, "accumulated", "hi", 2, size, false)) {
        if (!divisor)
            PyErr_SetString(PyExc_ValueError, "divisor: must not be 0");
        else {
            Py_BEGIN_ALLOW_THREADS done =
                (type == 'h' ? accumulated_motion_int16 : accumulated_motion_int32)(target, from,
                                                                                    divisor, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

static PyObject *py_single_field(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *past, *valid_past, *future, *valid_future;
    int past_distance, future_distance, whole;
    double scale;
    if (!PyArg_ParseTuple(args, "OdpOOiOOi", &out, &scale, &whole, &past, &valid_past,
                          &past_distance, &future, &valid_future, &future_distance))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    motion_output target;
    cells past_cells, future_cells;
    bool done = true;
    if (get_motion_target(&target, &size, &all, out, scale) &&
        get_cells(&past_cells, &all, past, valid_past, "past", size) &&
        get_cells(&future_cells, &all, future, valid_future, "future", size)) {
        if (!past_cells.vectors || !past_distance || !future_distance)
            PyErr_SetString(PyExc_ValueError, "no past vectors, or a distance of 0");
        else {
            Py_BEGIN_ALLOW_THREADS done = single_field(target, past_cells, past_distance,
                                                       future_cells, future_distance, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

static PyObject *py_cell_field(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *past, *valid_past, *future, *valid_future;
    int past_distance, future_distance;
    if (!PyArg_ParseTuple(args, "OOOiOOi", &out, &past, &valid_past, &past_distance, &future,
                          &valid_future, &future_distance))
        return NULL;
    arrays all = {.count = 0};
    geometry grid, size;
    plane target;
    char type;
    cells past_cells, future_cells;
    if (get_target(&target, &type, &grid, &all, out, "f", 2)) {
        size = (geometry){CELL * grid.height, CELL * grid.width, false};
        if (get_cells(&past_cells, &all, past, valid_past, "past", size) &&
            get_cells(&future_cells, &all, future, valid_future, "future", size)) {
            if (!past_cells.vectors || !past_distance || !future_distance)
                PyErr_SetString(PyExc_ValueError, "no past vectors, or a distance of 0");
            else if (grid.height > 1 && target.stride != grid.width * 2 * (int)sizeof(float))
                PyErr_SetString(PyExc_ValueError, "out: must be contiguous");
            else
                cell_field((float *)target.data, past_cells, past_distance, future_cells,
                           future_distance, grid.height * grid.width);
        }
    }
    return result(&all, true);
}

static PyObject *py_direction(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *out_valid, *vectors, *valid;
    int whole;
    double scale;
    if (!PyArg_ParseTuple(args, "OdOpOO", &out, &scale, &out_valid, &whole, &vectors, &valid))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    motion_output target;
    cells from;
    bool done = true;
    if (get_motion_target(&target, &size, &all, out, scale)) {
        Py_ssize_t shape[] = {size.height, size.width};
        const Py_buffer *flags = get_array(&all, out_valid, "valid", "?", 2, shape, true);
        if (flags && get_cells(&from, &all, vectors, valid, "vectors", size) && from.vectors) {
            Py_BEGIN_ALLOW_THREADS done = direction(target, as_plane(flags), from, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

static PyObject *py_accumulated_residual(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *frame, *reference, *accumulated;
    if (!PyArg_ParseTuple(args, "OOOO", &out, &frame, &reference, &accumulated))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = false};
    plane target, pixels, base, field;
    char type, field_type;
    bool done = true;
    if (get_target(&target, &type, &size, &all, out, "hB", 3) &&
        get_plane(&pixels, NULL, &all, frame, "frame", "B", 3, size, false) &&
        get_plane(&base, NULL, &all, reference, "reference", "B", 3, size, false) &&
        get_plane(&field, &field_type, &all, accumulated, "accumulated", "hi", 2, size, false)) {
        Py_BEGIN_ALLOW_THREADS done =
            (field_type == 'h' ? accumulated_residual_int16 : accumulated_residual_int32)(
                target, as_output_type(type), pixels, base, field, size);
        Py_END_ALLOW_THREADS
    }
    return result(&all, done);
}

static PyObject *py_field_residual(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *frame, *past, *valid_past, *past_from, *future, *valid_future, *future_from;
    int whole;
    if (!PyArg_ParseTuple(args, "OOpOOOOOO", &out, &frame, &whole, &past, &valid_past, &past_from,
                          &future, &valid_future, &future_from))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    plane target, pixels, past_reference, future_reference;
    cells past_cells, future_cells;
    char type;
    bool done = true;
    if (get_target(&target, &type, &size, &all, out, "hB", 3) &&
        get_plane(&pixels, NULL, &all, frame, "frame", "B", 3, size, false) &&
        get_cells(&past_cells, &all, past, valid_past, "past", size) &&
        get_plane(&past_reference, NULL, &all, past_from, "past_reference", "B", 3, size, false) &&
        get_cells(&future_cells, &all, future, valid_future, "future", size) &&
        get_optional_plane(&future_reference, &all, future_from, "future_reference", "B", 3,
                           size)) {
        if (!past_cells.vectors || (future_cells.vectors && !future_reference.data))
            PyErr_SetString(PyExc_ValueError, "no past vectors, or no reference for the future's");
        else {
            Py_BEGIN_ALLOW_THREADS done =
                field_residual(target, as_output_type(type), pixels, past_cells, past_reference,
                               future_cells, future_reference, size);
            Py_END_ALLOW_THREADS
        }
    }
    return result(&all, done);
}

/* Rows of so many bytes, of which the buffer need not say more than that they fit. */
static bool get_rows(plane *to, arrays *all, PyObject *object, Py_ssize_t stride, int rows,
                     int bytes)
{
    Py_buffer *view = &all->views[all->count];
    if (PyObject_GetBuffer(object, view, PyBUF_SIMPLE))
        return false;
    all->count++;
    if (stride < bytes || stride > PY_SSIZE_T_MAX / MAX_SIDE ||
        view->len < stride * (rows - 1) + bytes) {
        PyErr_SetString(PyExc_ValueError, "a plane is smaller than the picture");
        return false;
    }
    *to = (plane){view->buf, stride, (size_t)view->len};
    return true;
}

static PyObject *py_yuv420_to_rgb(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *y, *u, *v;
    Py_ssize_t y_stride, u_stride, v_stride;
    if (!PyArg_ParseTuple(args, "OOnOnOn:yuv420_to_rgb", &out, &y, &y_stride, &u, &u_stride, &v,
                          &v_stride))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {0};
    plane rgb, luma, blue, red;
    char type;
    bool fits = get_target(&rgb, &type, &size, &all, out, "B", 3) &&
                get_rows(&luma, &all, y, y_stride, size.height, size.width) &&
                get_rows(&blue, &all, u, u_stride, (size.height + 1) / 2, (size.width + 1) / 2) &&
                get_rows(&red, &all, v, v_stride, (size.height + 1) / 2, (size.width + 1) / 2);
    bool done = false;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        done = yuv420_to_rgb(rgb, luma, blue, red, size);
        Py_END_ALLOW_THREADS
    }
    release(&all);
    return fits ? PyBool_FromLong(done) : NULL;
}

static PyMethodDef methods[] = {
    {"rasterise", py_rasterise, METH_VARARGS, NULL},
    {"accumulate", py_accumulate, METH_VARARGS, NULL},
    {"accumulate_run", py_accumulate_run, METH_VARARGS, NULL},
    {"accumulated_motion", py_accumulated_motion, METH_VARARGS, NULL},
    {"single_field", py_single_field, METH_VARARGS, NULL},
    {"cell_field", py_cell_field, METH_VARARGS, NULL},
    {"direction", py_direction, METH_VARARGS, NULL},
    {"accumulated_residual", py_accumulated_residual, METH_VARARGS, NULL},
    {"field_residual", py_field_residual, METH_VARARGS, NULL},
    {"yuv420_to_rgb", py_yuv420_to_rgb, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernels", .m_size = 0,
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&module); }
