/* The Python side of kernels.c. Only kernels.py uses it, and documents it. */
#include "kernels_arguments.h"

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
    Py_ssize_t num_pictures = PyTuple_Size(blocks);
    if (num_pictures < 1 || num_pictures > MAX_RUN)
        PyErr_Format(PyExc_ValueError, "run: 1 to %d pictures", MAX_RUN);
    else if (get_target(&target, &type, &size, &all, out, "hi", 2) && (types[0] = type) &&
             get_plane(&other, NULL, &all, between, "between", types, 2, size, true) &&
             get_plane(&from, NULL, &all, start, "start", types, 2, size, false)) {
        picture_blocks run[MAX_RUN];
        int count = 0;
        for (; count < num_pictures; count++) {
            const Py_buffer *of_one = get_blocks(&all, PyTuple_GetItem(blocks, count));
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

static PyObject *py_clear(PyObject *Py_UNUSED(module), PyObject *out)
{
    arrays all = {.count = 0};
    geometry size;
    plane target;
    char type;
    if (get_target(&target, &type, &size, &all, out, "fhB", -1)) {
        size_t before = size.height > 1 ? (size_t)(size.height - 1) * (size_t)target.stride : 0;
        Py_BEGIN_ALLOW_THREADS clear(target, target.size - before, size.height);
        Py_END_ALLOW_THREADS
    }
    return result(&all, true);
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
    {"clear", py_clear, METH_O, NULL},
    {"yuv420_to_rgb", py_yuv420_to_rgb, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernels", .m_size = 0,
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&module); }
