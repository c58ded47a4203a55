// What Swift sees of libssh2 (1.10 or newer): its own headers, and the size of a heap block for the engine's memory bound.
#include <libssh2.h>
#include <malloc.h>
