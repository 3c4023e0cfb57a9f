#ifndef COMPRESSEDVIDEO_HEVC_TABLES_H
#define COMPRESSEDVIDEO_HEVC_TABLES_H
typedef struct { int x; } hevc_tables;
#endif
