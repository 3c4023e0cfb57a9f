/* The Python type `Parser` of a codec of which only headers are read. */
#ifndef COMPRESSEDVIDEO_HEADER_PARSER_H
#define COMPRESSEDVIDEO_HEADER_PARSER_H

#include "record_python.h"

typedef struct {
    const char *type_name;                                        /* with its modules */
    size_t state_size;                                            /* zeros at first */
    void (*open)(void *state, const uint8_t *extradata, size_t size); /* or NULL */
    void (*reset)(void *state);                                   /* forget pictures */
    read_packet_headers *read;
} header_codec;

enum { HEADER_PARSER_STATE = sizeof(const header_codec *) }; /* m_size of the codec's module */

/* For the module's Py_mod_exec. */
int header_parser_add(PyObject *module, const header_codec *codec);

#endif
