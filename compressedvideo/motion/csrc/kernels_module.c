/* The Python side of the kernels. Only kernels.py uses it, and documents it. */
#include "kernels_arguments.h"

static PyObject *py_rasterise(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *blocks, *vectors, *slots;
    bool any_second = false;
    if (!PyArg_ParseTuple(args, "OOO", &vectors, &slots, &blocks))
        return NULL;
    arrays all = {.count = 0};
    Py_ssize_t any[] = {2, -1, -1, 2};
    const Py_buffer *to = get_array(&all, vectors, "vectors", "h", 4, any, true);
    const Py_buffer *named = to ? get_array(&all, slots, "slots", "B", 3, to->shape, true) : NULL;
    const Py_buffer *from = named ? get_blocks(&all, blocks) : NULL;
    if (from && (to->shape[1] > MAX_SIDE || to->shape[2] > MAX_SIDE ||
                 !PyBuffer_IsContiguous(to, 'C') || !PyBuffer_IsContiguous(named, 'C')))
        PyErr_SetString(PyExc_ValueError, "vectors: too many, or arrays with gaps");
    else if (from) {
        Py_BEGIN_ALLOW_THREADS any_second =
            rasterise_both(to->buf, named->buf, (int)to->shape[1], (int)to->shape[2], as_blocks(from));
        Py_END_ALLOW_THREADS
    }
    release(&all);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(any_second);
}

static PyObject *py_accumulate(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *start, *vectors, *fields, *prefer;
    geometry size;
    int whole, count;
    if (!PyArg_ParseTuple(args, "OOpO!O!O!", &out, &start, &whole, &PyTuple_Type, &vectors,
                          &PyTuple_Type, &fields, &PyTuple_Type, &prefer))
        return NULL;
    size.whole = whole;
    arrays all = {.count = 0};
    char type, types[] = " ";
    plane target, from, references[MAX_REFERENCES];
    bool preferred[SLOTS];
    cells of_picture;
    if (get_target(&target, &type, &size, &all, out, "hi", 2) && (types[0] = type) &&
        get_plane(&from, NULL, &all, start, "start", types, 2, size, false) &&
        get_references(references, &count, &all, fields, types, 2, size) &&
        get_flags(preferred, prefer, count) &&
        get_cells(&of_picture, &all, vectors, count, size)) {
        followed by_slot = {.fields = references, .ranks = {0}};
        for (int slot = 0; slot < count; slot++)
            by_slot.ranks[slot] = preferred[slot] ? 2 : references[slot].data != NULL;
        Py_BEGIN_ALLOW_THREADS (type == 'h' ? accumulate_int16 : accumulate_int32)(
            target, from, of_picture, &by_slot, size);
        Py_END_ALLOW_THREADS
    }
    return result(&all, true);
}

/* See accumulate_run(): each of `pictures` is a tuple, cells, or else a buffer of blocks. */
static bool get_run(picture_vectors *run, arrays *all, PyObject *pictures, int count, geometry size)
{
    for (int i = 0; i < count; i++) {
        PyObject *picture = PyTuple_GetItem(pictures, i);
        run[i] = (picture_vectors){.cells = {.cell = 0}};
        if (PyTuple_Check(picture)) {
            if (!get_cells(&run[i].cells, all, picture, NO_REFERENCE, size))
                return false;
            continue;
        }
        const Py_buffer *blocks = get_blocks(all, picture);
        if (!blocks)
            return false;
        run[i].blocks = as_blocks(blocks);
    }
    return true;
}

static PyObject *py_accumulate_run(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *between, *start, *pictures;
    geometry size;
    int whole;
    if (!PyArg_ParseTuple(args, "OOOpO!", &out, &between, &start, &whole, &PyTuple_Type, &pictures))
        return NULL;
    size.whole = whole;
    arrays all = {.count = 0};
    char type, types[] = " ";
    plane target, other, from;
    picture_vectors run[MAX_RUN];
    Py_ssize_t count = PyTuple_Size(pictures);
    bool done = true;
    if (count < 1 || count > MAX_RUN)
        PyErr_Format(PyExc_ValueError, "run: 1 to %d pictures", MAX_RUN);
    else if (get_target(&target, &type, &size, &all, out, "hi", 2) && (types[0] = type) &&
             get_plane(&other, NULL, &all, between, "between", types, 2, size, true) &&
             get_plane(&from, NULL, &all, start, "start", types, 2, size, false) &&
             get_run(run, &all, pictures, (int)count, size)) {
        Py_BEGIN_ALLOW_THREADS done = (type == 'h' ? accumulate_run_int16 : accumulate_run_int32)(
            target, other, from, run, (int)count, size);
        Py_END_ALLOW_THREADS
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
    PyObject *out, *vectors, *distances;
    int whole, count;
    double scale;
    if (!PyArg_ParseTuple(args, "OdpO!O!", &out, &scale, &whole, &PyTuple_Type, &vectors,
                          &PyTuple_Type, &distances))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    motion_output target;
    cells from;
    divisors by;
    bool done = true;
    if (get_motion_target(&target, &size, &all, out, scale) &&
        get_divisors(&by, &count, distances) && get_cells(&from, &all, vectors, count, size)) {
        Py_BEGIN_ALLOW_THREADS done = single_field(target, from, &by, size);
        Py_END_ALLOW_THREADS
    }
    return result(&all, done);
}

static PyObject *py_cell_field(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *vectors, *distances;
    int repeats, count;
    if (!PyArg_ParseTuple(args, "OiO!O!", &out, &repeats, &PyTuple_Type, &vectors, &PyTuple_Type,
                          &distances))
        return NULL;
    arrays all = {.count = 0};
    geometry grid;
    plane target;
    char type;
    cells from;
    divisors by;
    bool done = true;
    if (get_target(&target, &type, &grid, &all, out, "f", 2) && get_divisors(&by, &count, distances)) {
        if (grid.height > 1 && target.stride != grid.width * 2 * (int)sizeof(float))
            PyErr_SetString(PyExc_ValueError, "out: must be contiguous");
        else if (repeats != 1 && repeats != 2)
            PyErr_SetString(PyExc_ValueError, "repeats: 1 or 2");
        else if (get_grid(&from, &all, vectors, count, (grid.height + repeats - 1) / repeats,
                          (grid.width + repeats - 1) / repeats))
            done = cell_field((float *)target.data, grid.height, grid.width, repeats, from, &by);
    }
    return result(&all, done);
}

static PyObject *py_direction(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *out_valid, *vectors, *chosen;
    int whole;
    double scale;
    if (!PyArg_ParseTuple(args, "OdOpO!O!", &out, &scale, &out_valid, &whole, &PyTuple_Type,
                          &vectors, &PyTuple_Type, &chosen))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    motion_output target;
    cells from;
    bool flags[SLOTS], done = true;
    int count = (int)PyTuple_Size(chosen);
    if (get_motion_target(&target, &size, &all, out, scale)) {
        Py_ssize_t shape[] = {size.height, size.width};
        const Py_buffer *valid = get_array(&all, out_valid, "valid", "?", 2, shape, true);
        if (valid && get_flags(flags, chosen, count) &&
            get_cells(&from, &all, vectors, count, size)) {
            Py_BEGIN_ALLOW_THREADS done = direction(target, as_plane(valid), from, flags, size);
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
    PyObject *out, *frame, *vectors, *pictures, *unmoved;
    int whole, count;
    if (!PyArg_ParseTuple(args, "OOpO!O!O", &out, &frame, &whole, &PyTuple_Type, &vectors,
                          &PyTuple_Type, &pictures, &unmoved))
        return NULL;
    arrays all = {.count = 0};
    geometry size = {.whole = whole};
    plane target, pixels, fallback, references[MAX_REFERENCES];
    cells from;
    char type;
    bool done = true;
    if (get_target(&target, &type, &size, &all, out, "hB", 3) &&
        get_plane(&pixels, NULL, &all, frame, "frame", "B", 3, size, false) &&
        get_plane(&fallback, NULL, &all, unmoved, "fallback", "B", 3, size, false) &&
        get_references(references, &count, &all, pictures, "B", 3, size) &&
        get_cells(&from, &all, vectors, count, size)) {
        Py_BEGIN_ALLOW_THREADS done = field_residual(target, as_output_type(type), pixels, from,
                                                     references, count, fallback, size);
        Py_END_ALLOW_THREADS
    }
    return result(&all, done);
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
