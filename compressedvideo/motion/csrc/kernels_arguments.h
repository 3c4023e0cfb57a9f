/* Arrays of Python as arguments of the kernels.
 *
 * They come in through the buffer protocol. Types and shapes are checked here, so that no mistake
 * of a caller reaches memory that is not its own; rows may be padded, pixels may not. */
#ifndef KERNELS_ARGUMENTS_H
#define KERNELS_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "kernels.h"

#define MAX_RUN 16 /* pictures */
#define MAX_REFERENCES 64 /* of a picture */
#define MAX_ARRAYS (5 + MAX_REFERENCES) /* a run has three, and two for each picture */
#define MAX_SIDE 65536 /* pixels; keeps all products of sizes far from overflow */

/* The arrays of one call. */
typedef struct {
    Py_buffer views[MAX_ARRAYS];
    int count;
} arrays;

void release(arrays *all);

/* An array of one of `types` and of this shape; a length of -1 takes any. NULL after an error. */
const Py_buffer *get_array(arrays *all, PyObject *object, const char *name, const char *types,
                           int ndim, const Py_ssize_t *shape, bool writable);

/* [height, width, channels]. */
bool get_plane(plane *to, char *type, arrays *all, PyObject *object, const char *name,
               const char *types, int channels, geometry size, bool writable);

/* What slots name: a tuple of such planes and of None, whose data is NULL then. At most MAX_REFERENCES. */
bool get_references(plane *references, int *count, arrays *all, PyObject *tuple, const char *types,
                    int channels, geometry size);

/* A tuple of so many: SLOTS flags, false beyond. */
bool get_flags(bool *flags, PyObject *tuple, int count);

/* A tuple of distances, frames, and of None. */
bool get_divisors(divisors *by, int *count, PyObject *tuple);

/* A tuple of vectors [2, rows, columns, 2], slots [2, rows, columns] below `count`, and the size of
 * cells. */
bool get_grid(cells *to, arrays *all, PyObject *picture, int count, int rows, int columns);

/* The same for a picture of this size. */
bool get_cells(cells *to, arrays *all, PyObject *picture, int count, geometry size);

/* The array that says how large a picture is: [height, width, channels], writable. */
bool get_target(plane *to, char *type, geometry *size, arrays *all, PyObject *object,
                const char *types, int channels);

output_type as_output_type(char type);

bool get_motion_target(motion_output *out, geometry *size, arrays *all, PyObject *object,
                       double scale);

/* Release them; None, or NULL after an error: no memory if nothing else was raised. */
PyObject *result(arrays *all, bool done);

const Py_buffer *get_blocks(arrays *all, PyObject *object);

picture_blocks as_blocks(const Py_buffer *view);

plane as_plane(const Py_buffer *view);

#endif
