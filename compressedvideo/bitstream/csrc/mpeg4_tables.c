/* The code tables of ISO/IEC 14496-2, Annex B, as the standard prints them. */
#include "mpeg4_tables.h"

#include <stddef.h>
#include <string.h>

const uint8_t INTRA_DC_LIMIT[8] = {255, 13, 15, 17, 19, 21, 23, 0};

/* One row of a table; blanks in the code are for the reader. */
typedef struct {
    const char *code;
    int value;
} code_word;

/* Table B-6: mcbpc in I-VOPs. */
static const code_word MCBPC_I[] = {
    {"1", INTRA + 0},           {"001", INTRA + 1},         {"010", INTRA + 2},
    {"011", INTRA + 3},         {"0001", INTRA_Q + 0},      {"0000 01", INTRA_Q + 1},
    {"0000 10", INTRA_Q + 2},   {"0000 11", INTRA_Q + 3},   {"0000 0000 1", STUFFING},
};

/* Table B-7: mcbpc in P-VOPs. */
static const code_word MCBPC_P[] = {
    {"1", INTER + 0},           {"0011", INTER + 1},        {"0010", INTER + 2},
    {"0001 01", INTER + 3},     {"011", INTER_Q + 0},       {"0000 111", INTER_Q + 1},
    {"0000 110", INTER_Q + 2},  {"0000 0010 1", INTER_Q + 3},
    {"010", INTER4V + 0},       {"0000 101", INTER4V + 1},  {"0000 100", INTER4V + 2},
    {"0000 0101", INTER4V + 3}, {"0001 1", INTRA + 0},      {"0000 0100", INTRA + 1},
    {"0000 0011", INTRA + 2},   {"0000 011", INTRA + 3},    {"0001 00", INTRA_Q + 0},
    {"0000 0010 0", INTRA_Q + 1}, {"0000 0001 1", INTRA_Q + 2}, {"0000 0001 0", INTRA_Q + 3},
    {"0000 0000 1", STUFFING},
};

/* Table B-8: cbpy of intra macroblocks, block 0 in the highest bit; inter is the complement. */
static const code_word CBPY[] = {
    {"0011", 0},   {"0010 1", 1},  {"0010 0", 2},  {"1001", 3},  {"0001 1", 4},  {"0111", 5},
    {"0000 10", 6}, {"1011", 7},   {"0001 0", 8},  {"0000 11", 9}, {"0101", 10}, {"1010", 11},
    {"0100", 12},  {"1000", 13},   {"0110", 14},   {"11", 15},
};

/* Table B-12: horizontal_mv_data and vertical_mv_data, without the sign bit that ends all but 0. */
static const code_word MV_DATA[] = {
    {"1", 0},              {"01", 1},             {"001", 2},            {"0001", 3},
    {"0000 11", 4},        {"0000 101", 5},       {"0000 100", 6},       {"0000 011", 7},
    {"0000 0101 1", 8},    {"0000 0101 0", 9},    {"0000 0100 1", 10},   {"0000 0100 01", 11},
    {"0000 0100 00", 12},  {"0000 0011 11", 13},  {"0000 0011 10", 14},  {"0000 0011 01", 15},
    {"0000 0011 00", 16},  {"0000 0010 11", 17},  {"0000 0010 10", 18},  {"0000 0010 01", 19},
    {"0000 0010 00", 20},  {"0000 0001 11", 21},  {"0000 0001 10", 22},  {"0000 0001 01", 23},
    {"0000 0001 00", 24},  {"0000 0000 111", 25}, {"0000 0000 110", 26}, {"0000 0000 101", 27},
    {"0000 0000 100", 28}, {"0000 0000 011", 29}, {"0000 0000 010", 30}, {"0000 0000 0011", 31},
    {"0000 0000 0010", 32},
};

/* Table B-13: dct_dc_size_luminance. */
static const code_word DC_SIZE_LUMINANCE[] = {
    {"011", 0},     {"11", 1},       {"10", 2},        {"010", 3},         {"001", 4},
    {"0001", 5},    {"0000 1", 6},   {"0000 01", 7},   {"0000 001", 8},    {"0000 0001", 9},
    {"0000 0000 1", 10}, {"0000 0000 01", 11}, {"0000 0000 001", 12},
};

/* Table B-14: dct_dc_size_chrominance. */
static const code_word DC_SIZE_CHROMINANCE[] = {
    {"11", 0},      {"10", 1},       {"01", 2},        {"001", 3},         {"0001", 4},
    {"0000 1", 5},  {"0000 01", 6},  {"0000 001", 7},  {"0000 0001", 8},   {"0000 0000 1", 9},
    {"0000 0000 01", 10}, {"0000 0000 001", 11}, {"0000 0000 0001", 12},
};

/* A run of zero coefficients, then one of this magnitude; `last` ends the block. */
typedef struct {
    uint8_t last, run, level;
} coefficient_event;

/* Tables B-16 (intra) and B-17 (inter): the same codes, without the sign bit that ends each. */
static const struct {
    const char *code;
    coefficient_event intra, inter;
} TCOEF[] = {
    {"1111",           {0,  0,  3}, {0,  0,  2}},
    {"1110",           {0,  1,  1}, {0,  2,  1}},
    {"110",            {0,  0,  2}, {0,  1,  1}},
    {"10",             {0,  0,  1}, {0,  0,  1}},
    {"0111",           {1,  0,  1}, {1,  0,  1}},
    {"0110 1",         {0,  0,  4}, {0,  3,  1}},
    {"0110 0",         {0,  0,  5}, {0,  4,  1}},
    {"0101 1",         {0,  2,  1}, {0,  5,  1}},
    {"0101 01",        {0,  0,  6}, {0,  0,  3}},
    {"0101 00",        {0,  1,  2}, {0,  1,  2}},
    {"0100 11",        {0,  0,  7}, {0,  6,  1}},
    {"0100 10",        {0,  0,  8}, {0,  7,  1}},
    {"0100 01",        {0,  3,  1}, {0,  8,  1}},
    {"0100 00",        {0,  4,  1}, {0,  9,  1}},
    {"0011 11",        {1,  1,  1}, {1,  1,  1}},
    {"0011 10",        {1,  2,  1}, {1,  2,  1}},
    {"0011 01",        {0,  5,  1}, {1,  3,  1}},
    {"0011 00",        {1,  0,  2}, {1,  4,  1}},
    {"0010 111",       {0,  0,  9}, {0,  0,  4}},
    {"0010 110",       {0,  1,  3}, {0, 10,  1}},
    {"0010 101",       {0,  2,  2}, {0, 11,  1}},
    {"0010 100",       {0,  7,  1}, {0, 12,  1}},
    {"0010 011",       {1,  5,  1}, {1,  5,  1}},
    {"0010 010",       {0,  6,  1}, {1,  6,  1}},
    {"0010 001",       {1,  3,  1}, {1,  7,  1}},
    {"0010 000",       {1,  4,  1}, {1,  8,  1}},
    {"0001 1111",      {0,  0, 10}, {0,  0,  5}},
    {"0001 1110",      {0,  0, 11}, {0,  1,  3}},
    {"0001 1101",      {0,  0, 12}, {0,  2,  2}},
    {"0001 1100",      {0,  1,  4}, {0, 13,  1}},
    {"0001 1011",      {0,  3,  2}, {0, 14,  1}},
    {"0001 1010",      {1,  9,  1}, {1,  9,  1}},
    {"0001 1001",      {0,  8,  1}, {1, 10,  1}},
    {"0001 1000",      {0,  9,  1}, {1, 11,  1}},
    {"0001 0111",      {0, 10,  1}, {1, 12,  1}},
    {"0001 0110",      {1,  0,  3}, {1, 13,  1}},
    {"0001 0101",      {1,  6,  1}, {1, 14,  1}},
    {"0001 0100",      {1,  7,  1}, {1, 15,  1}},
    {"0001 0011",      {1,  8,  1}, {1, 16,  1}},
    {"0001 0010 1",    {0,  0, 13}, {0,  0,  6}},
    {"0001 0010 0",    {0,  0, 14}, {0,  0,  7}},
    {"0001 0001 1",    {0,  0, 15}, {0,  3,  2}},
    {"0001 0001 0",    {0,  4,  2}, {0,  4,  2}},
    {"0001 0000 1",    {0,  0, 16}, {0, 15,  1}},
    {"0001 0000 0",    {0,  1,  5}, {0, 16,  1}},
    {"0000 1111 1",    {0,  1,  6}, {0, 17,  1}},
    {"0000 1111 0",    {0,  2,  3}, {0, 18,  1}},
    {"0000 1110 1",    {0,  3,  3}, {0, 19,  1}},
    {"0000 1110 0",    {0,  5,  2}, {0, 20,  1}},
    {"0000 1101 1",    {0,  6,  2}, {0, 21,  1}},
    {"0000 1101 0",    {0,  7,  2}, {0, 22,  1}},
    {"0000 1100 1",    {0, 11,  1}, {1,  0,  2}},
    {"0000 1100 0",    {0, 12,  1}, {1, 17,  1}},
    {"0000 1011 1",    {1,  0,  4}, {1, 18,  1}},
    {"0000 1011 0",    {1,  1,  2}, {1, 19,  1}},
    {"0000 1010 1",    {1, 10,  1}, {1, 20,  1}},
    {"0000 1010 0",    {1, 11,  1}, {1, 21,  1}},
    {"0000 1001 1",    {1, 12,  1}, {1, 22,  1}},
    {"0000 1001 0",    {1, 13,  1}, {1, 23,  1}},
    {"0000 1000 1",    {1, 14,  1}, {1, 24,  1}},
    {"0000 1000 01",   {0,  0, 17}, {0,  0,  8}},
    {"0000 1000 00",   {0,  0, 18}, {0,  0,  9}},
    {"0000 0101 1111", {1, 20,  1}, {1, 40,  1}},
    {"0000 0101 1110", {1, 19,  1}, {1, 39,  1}},
    {"0000 0101 1101", {1, 18,  1}, {1, 38,  1}},
    {"0000 0101 1100", {1, 17,  1}, {1, 37,  1}},
    {"0000 0101 1011", {1,  6,  2}, {1, 36,  1}},
    {"0000 0101 1010", {1,  5,  2}, {1, 35,  1}},
    {"0000 0101 1001", {1,  0,  8}, {1, 34,  1}},
    {"0000 0101 1000", {0, 14,  1}, {1, 33,  1}},
    {"0000 0101 0111", {0,  7,  3}, {0, 26,  1}},
    {"0000 0101 0110", {0,  2,  5}, {0, 25,  1}},
    {"0000 0101 0101", {0,  1, 10}, {0, 10,  2}},
    {"0000 0101 0100", {0,  6,  3}, {0,  6,  3}},
    {"0000 0101 0011", {0,  1,  9}, {0,  5,  3}},
    {"0000 0101 0010", {0,  0, 27}, {0,  4,  3}},
    {"0000 0101 0001", {0,  0, 26}, {0,  2,  4}},
    {"0000 0101 0000", {0,  0, 25}, {0,  1,  6}},
    {"0000 0100 111",  {1, 16,  1}, {1, 32,  1}},
    {"0000 0100 110",  {1, 15,  1}, {1, 31,  1}},
    {"0000 0100 101",  {1,  4,  2}, {1, 30,  1}},
    {"0000 0100 100",  {1,  3,  2}, {1, 29,  1}},
    {"0000 0100 011",  {0,  9,  2}, {0, 24,  1}},
    {"0000 0100 010",  {0,  1,  8}, {0, 23,  1}},
    {"0000 0100 001",  {0,  0, 24}, {0,  1,  5}},
    {"0000 0100 000",  {0,  0, 23}, {0,  0, 12}},
    {"0000 0011 11",   {0,  0, 19}, {0,  1,  4}},
    {"0000 0011 10",   {0,  0, 20}, {0,  2,  3}},
    {"0000 0011 01",   {0,  1,  7}, {0,  3,  3}},
    {"0000 0011 00",   {0,  2,  4}, {0,  5,  2}},
    {"0000 0010 11",   {0,  3,  4}, {0,  6,  2}},
    {"0000 0010 10",   {0,  4,  3}, {0,  7,  2}},
    {"0000 0010 01",   {0,  8,  2}, {0,  8,  2}},
    {"0000 0010 00",   {0,  5,  3}, {0,  9,  2}},
    {"0000 0001 11",   {0, 13,  1}, {1, 25,  1}},
    {"0000 0001 10",   {1,  0,  5}, {1, 26,  1}},
    {"0000 0001 01",   {1,  1,  3}, {1, 27,  1}},
    {"0000 0001 00",   {1,  2,  2}, {1, 28,  1}},
    {"0000 0000 111",  {0,  0, 21}, {0,  0, 10}},
    {"0000 0000 110",  {0,  0, 22}, {0,  0, 11}},
    {"0000 0000 101",  {1,  0,  6}, {1,  0,  3}},
    {"0000 0000 100",  {1,  0,  7}, {1,  1,  2}},
};
static const char TCOEF_ESCAPE[] = "0000 011";

/* The entries of a table with `bits` bits of index that start with one code: first and number. */
static int code_entries(const char *code, int bits, int *length, int *first)
{
    *length = *first = 0;
    for (; *code; code++)
        if (*code != ' ') {
            *first = *first << 1 | (*code == '1');
            ++*length;
        }
    *first <<= bits - *length;
    return 1 << (bits - *length);
}

static void build_symbols(symbol *table, int bits, const code_word *rows, size_t num_rows)
{
    for (size_t row = 0; row < num_rows; row++) {
        int length, first, entries = code_entries(rows[row].code, bits, &length, &first);
        for (int i = 0; i < entries; i++)
            table[first + i] = (symbol){(uint8_t)length, (uint8_t)rows[row].value};
    }
}

static void add_coefficient(coefficient_table *table, const char *code, coefficient_event event)
{
    int length, first, entries = code_entries(code, TCOEF_BITS, &length, &first);
    int sign_bit = event.level != 0;
    for (int i = 0; i < entries; i++)
        table->symbols[first + i] = (coefficient_symbol){(uint8_t)(length + sign_bit), event.last,
                                                         event.run, event.level};
    if (table->max_run[event.last][event.level] < event.run)
        table->max_run[event.last][event.level] = event.run;
}

/* The events at the start of an index's bits.  Of the last one, the sign may lie behind them. */
static coefficient_events events_in(const coefficient_table *table, unsigned bits)
{
    coefficient_events events = {.length = table->symbols[bits].length};
    unsigned used = 0;
    while (used < TCOEF_BITS && !events.last) {
        coefficient_symbol next = table->symbols[bits << used & ((1u << TCOEF_BITS) - 1)];
        used += next.length;
        if (next.level == 0 || used > TCOEF_MAX_LENGTH)
            break;
        events.length = (uint8_t)used;
        events.count++;
        events.places = (uint8_t)(events.places + next.run + 1);
        events.last = next.last;
    }
    return events;
}

void build_tables(mpeg4_tables *tables)
{
    memset(tables, 0, sizeof *tables);
#define BUILD(table, bits, rows) build_symbols(table, bits, rows, sizeof rows / sizeof *rows)
    BUILD(tables->mcbpc_i, MCBPC_BITS, MCBPC_I);
    BUILD(tables->mcbpc_p, MCBPC_BITS, MCBPC_P);
    BUILD(tables->cbpy, CBPY_BITS, CBPY);
    BUILD(tables->mv_data, MV_DATA_BITS, MV_DATA);
    BUILD(tables->dc_size[0], DC_SIZE_BITS, DC_SIZE_LUMINANCE);
    BUILD(tables->dc_size[1], DC_SIZE_BITS, DC_SIZE_CHROMINANCE);
#undef BUILD
    for (size_t row = 0; row < sizeof TCOEF / sizeof *TCOEF; row++) {
        add_coefficient(&tables->intra, TCOEF[row].code, TCOEF[row].intra);
        add_coefficient(&tables->inter, TCOEF[row].code, TCOEF[row].inter);
    }
    add_coefficient(&tables->intra, TCOEF_ESCAPE, (coefficient_event){0, 0, 0});
    add_coefficient(&tables->inter, TCOEF_ESCAPE, (coefficient_event){0, 0, 0});
    for (unsigned bits = 0; bits < 1u << TCOEF_BITS; bits++) {
        tables->intra.events[bits] = events_in(&tables->intra, bits);
        tables->inter.events[bits] = events_in(&tables->inter, bits);
    }
}
