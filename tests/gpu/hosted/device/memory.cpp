// Memory: each array ends where a page begins that nobody may touch, and begins as NaN.
#include "device.h"
#include <cstdlib>
#include <map>
#include <sys/mman.h>

static const size_t PAGE = 4096, ALIGNMENT = 16;
static const int FILL = 0xFF;  // in floats of any size a NaN, in integers −1

struct Block {
    unsigned char *base;
    size_t size, offset, end;  // bytes of the array, of the margin before it, of all before the guard page
};
static std::map<intptr_t, Block> blocks;

// Which margin of a block was written to: "before", "behind" or "".
static std::string broken_margin(const Block &block) {
    for (size_t i = 0; i < block.offset; i++)
        if (block.base[i] != FILL) return "before";
    for (size_t i = block.offset + block.size; i < block.end; i++)
        if (block.base[i] != FILL) return "behind";
    return "";
}

static std::string written(const std::string &where, const Block &block) {
    return "something wrote " + where + " an array of " + std::to_string(block.size) + " bytes";
}

extern "C" {
const char *broken_margins() {
    static std::string words;
    for (auto &[address, block] : blocks)
        if (auto where = broken_margin(block); !where.empty()) {
            words = written(where, block);
            return words.c_str();
        }
    return nullptr;
}

intptr_t runtime_malloc(size_t size, int) {
    counts.allocations++;
    size_t room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, end = (room + PAGE - 1) / PAGE * PAGE;
    void *memory = mmap(nullptr, end + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return (intptr_t)fail("out of memory", PyExc_MemoryError);
    auto *base = (unsigned char *)memory;
    mprotect(base + end, PAGE, PROT_NONE);
    memset(base, FILL, end);
    intptr_t address = (intptr_t)(base + end - room);
    blocks[address] = Block{base, size, end - room, end};
    return address;
}

PyObject *runtime_free(intptr_t address, int) {
    auto found = blocks.find(address);
    if (found == blocks.end()) return none();
    Block block = found->second;
    auto where = broken_margin(block);
    blocks.erase(found);
    munmap(block.base, block.end + PAGE);
    return where.empty() ? none() : fail(written(where, block));
}

int runtime_pointerGetMemoryType(intptr_t address, int) {
    auto next = blocks.upper_bound(address);
    bool inside = next != blocks.begin() && address < std::prev(next)->first + (intptr_t)std::prev(next)->second.size;
    return inside ? 2 : 0;  // cudaMemoryTypeDevice, cudaMemoryTypeUnregistered
}

intptr_t runtime_hostAlloc(size_t size, unsigned, int) { return (intptr_t)malloc(size + 1); }
PyObject *runtime_freeHost(intptr_t address, int) {
    free((void *)address);
    return none();
}

// ---------------------------------------------------------------- copies
enum { TO_DEVICE = 1, TO_HOST = 2, ON_DEVICE = 3, DEFAULT = 4 };  // cudaMemcpyKind

// Counts a copy, and says whether the host takes part in it.
static bool with_host(intptr_t to, intptr_t from, int kind) {
    if (kind == DEFAULT)
        kind = (runtime_pointerGetMemoryType(to, 0) ? TO_DEVICE : 0) | (runtime_pointerGetMemoryType(from, 0) ? TO_HOST : 0);
    (kind == TO_HOST ? counts.copies_to_host : kind == TO_DEVICE ? counts.copies_to_device : counts.copies_on_device)++;
    return kind != ON_DEVICE;
}

PyObject *runtime_memcpy(intptr_t to, intptr_t from, size_t size, int kind, int) {
    if (capturing_anywhere()) return fail("cudaErrorStreamCaptureUnsupported: a copy that waits, while a stream captures");
    if (with_host(to, from, kind)) counts.synchronizations++;
    memmove((void *)to, (void *)from, size);
    return none();
}

PyObject *runtime_memcpyAsync(intptr_t to, intptr_t from, size_t size, int kind, intptr_t stream, int) {
    // CUDA would record the address in the host's memory, which is another array's at the graph's launch.
    if (with_host(to, from, kind) && capturing(stream))
        return fail("cudaErrorStreamCaptureUnsupported: a copy to or from the host, while the stream captures");
    perform(stream, [=] { memmove((void *)to, (void *)from, size); });
    return none();
}

PyObject *runtime_memset(intptr_t to, int value, size_t size, int) {
    counts.sets++;
    memset((void *)to, value, size);
    return none();
}

PyObject *runtime_memsetAsync(intptr_t to, int value, size_t size, intptr_t stream, int) {
    counts.sets++;
    perform(stream, [=] { memset((void *)to, value, size); });
    return none();
}
}
