// One device, with the numbers of an H100 that CuPy asks for; what is counted, and said about it.
#include "device.h"

static std::string lines;
static bool logging = false;
std::string trouble;

void log_line(const std::string &line) {
    if (logging) lines += line + "\n";
}

extern "C" {
Counts counts;
int dry = 0, thread_order = 0;

void begin_log() {
    logging = true;
    lines.clear();
}
const char *end_log() {
    logging = false;
    return lines.c_str();
}

PyObject *runtime__ensure_context() { return none(); }
int runtime_getDevice(int) { return 0; }
PyObject *runtime_setDevice(int, int) { return none(); }
int runtime_getDeviceCount(int) { return 1; }
int runtime_runtimeGetVersion(int) { return 13000; }
int runtime_driverGetVersion(int) { return 13000; }
int runtime__getCUDAMajorVersion(int) { return 13; }
PyObject *runtime__deviceEnsurePeerAccess(int, int) { return none(); }
int runtime_deviceCanAccessPeer(int, int, int) { return 1; }
int runtime_deviceGetAttribute(int attribute, int, int) {
    switch (attribute) {  // cudaDeviceAttr
        case 1: case 2: case 3: return 1024;  // MaxThreadsPerBlock, MaxBlockDimX, Y
        case 4: return 64;                    // MaxBlockDimZ
        case 5: return 2147483647;            // MaxGridDimX
        case 6: case 7: return 65535;         // MaxGridDimY, Z
        case 8: return 49152;                 // MaxSharedMemoryPerBlock
        case 10: return 32;                   // WarpSize
        case 12: return 65536;                // MaxRegistersPerBlock
        case 16: return 132;                  // MultiProcessorCount
        case 38: return 52428800;             // L2CacheSize
        case 39: return 2048;                 // MaxThreadsPerMultiProcessor
        case 75: return 9;                    // ComputeCapabilityMajor
        case 81: return 233472;               // MaxSharedMemoryPerMultiprocessor
        case 97: return 232448;               // MaxSharedMemoryPerBlockOptin
        default: return 0;
    }
}

intptr_t driver_ctxGetCurrent(int) { return 1; }
int driver_ctxGetDevice(int) { return 0; }
PyObject *driver_ctxSetCurrent(intptr_t, int) { return none(); }
int driver_funcGetAttribute(int attribute, intptr_t, int) { return attribute == 0 ? 1024 : 0; }  // MaxThreadsPerBlock
PyObject *driver_funcSetAttribute(intptr_t, int, int, int) { return none(); }
int driver_occupancyMaxActiveBlocksPerMultiprocessor(intptr_t, int, size_t, int) { return 2; }
}
