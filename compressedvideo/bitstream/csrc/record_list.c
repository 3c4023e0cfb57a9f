#include <stdlib.h>

#include "record_list.h"

void record_list_free(record_list *list)
{
    free(list->records);
    free(list->references);
    *list = (record_list){0};
}

/* Memory for one element more; NULL, and the old memory stays, if there is none. */
static void *with_room(record_list *list, void *memory, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return memory;
    size_t larger = *room ? 2 * *room : 64;
    void *grown = larger <= SIZE_MAX / size ? realloc(memory, larger * size) : NULL;
    if (grown)
        *room = larger;
    else
        list->out_of_memory = true;
    return grown;
}

void record_list_add(record_list *list, const picture_record *record)
{
    picture_record *records = with_room(list, list->records, list->num_records,
                                        &list->record_room, sizeof *records);
    if (!records)
        return;
    list->records = records;
    records[list->num_records] = *record;
    records[list->num_records++].num_references = 0;
}

void record_list_refer(record_list *list, int32_t picture)
{
    if (list->out_of_memory || list->num_records == 0)
        return;
    picture_record *record = list->records + list->num_records - 1;
    for (size_t i = 1; i <= (size_t)record->num_references; i++)
        if (list->references[list->num_references - i] == picture)
            return;
    int32_t *references = with_room(list, list->references, list->num_references,
                                    &list->reference_room, sizeof *references);
    if (!references)
        return;
    list->references = references;
    references[list->num_references++] = picture;
    record->num_references++;
}
