/* Parser.headers() of every codec, for Python: packets in, records and references out. */
#ifndef COMPRESSEDVIDEO_RECORD_PYTHON_H
#define COMPRESSEDVIDEO_RECORD_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "record_list.h"

/* Reads the headers of one packet and appends what they say. */
typedef void read_packet_headers(void *parser, const uint8_t *packet, size_t size,
                                 record_list *list);

/* packets: a sequence of buffers.  Returns (records, references), bytes of picture_record and of
 * int32_t; NULL after an error.  The GIL is released, `busy` true meanwhile. */
PyObject *python_headers(PyObject *packets, read_packet_headers *read, void *parser, bool *busy);

/* The buffers of a sequence, to be given to python_release(); NULL after an error. */
Py_buffer *python_hold(PyObject *packets, Py_ssize_t *count);
void python_release(Py_buffer *buffers, Py_ssize_t count);

/* False, with an exception, while another thread is at work with the parser. */
bool python_is_free(bool busy);

#endif
