/* Records and references that grow while headers are read: what every Parser.headers() returns. */
#ifndef COMPRESSEDVIDEO_RECORD_LIST_H
#define COMPRESSEDVIDEO_RECORD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

typedef struct {
    picture_record *records;
    size_t num_records, record_room;
    int32_t *references; /* of all records, one behind the other */
    size_t num_references, reference_room;
    bool out_of_memory; /* what was added since is lost */
} record_list;

void record_list_free(record_list *list);

/* Appends a record without references. */
void record_list_add(record_list *list, const picture_record *record);

/* A picture that the record added last may be predicted from; each counts once. */
void record_list_refer(record_list *list, int32_t picture);

#endif
