// Kernels: their blocks run one by one, the threads of a block take turns as fibers, from barrier to barrier.
#include "device.h"
#include "../include/hosted.h"
#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <dlfcn.h>
#include <memory>
#include <numeric>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

using hosted::Kernel;
namespace hosted {
dim3 thread, block, grid_size, block_size;
char *shared_memory;
}

static const int WARP = 32, MOST_THREADS = 1024;
static const size_t STACK = 256 * 1024;

// ---------------------------------------------------------------- fibers
struct Fiber {
    ucontext_t beginning;
    jmp_buf here;
    bool begun = false, done = false;
    dim3 thread;
};
static std::vector<std::unique_ptr<Fiber>> fibers;
static jmp_buf scheduler;
static Fiber *now;
static int threads, alive;  // of the block
static bool progress;       // some thread came further in this round
static const Kernel *kernel;
static void **arguments;

// setjmp and longjmp switch without asking the system, which swapcontext does each time.
static void give_turn(Fiber &fiber) {
    now = &fiber;
    hosted::thread = fiber.thread;
    if (_setjmp(scheduler)) return;
    if (fiber.begun) _longjmp(fiber.here, 1);
    fiber.begun = true;
    setcontext(&fiber.beginning);
}
static void end_turn() {
    if (!_setjmp(now->here)) _longjmp(scheduler, 1);
}

// ---------------------------------------------------------------- meetings of threads
struct Barrier {
    int waiting = 0;
    long generation = 0;
    void open() { waiting = 0, generation++, progress = true; }
};
static Barrier block_barrier, warp_barriers[WARP];
static int alive_in_warp[WARP];
static char lanes[MOST_THREADS][16];  // what threads show one another

static void wait_at(Barrier &barrier, const int &needed) {
    if (++barrier.waiting == needed) return barrier.open();
    progress = true;
    for (long generation = barrier.generation; barrier.generation == generation;) end_turn();
}

static int index() {
    auto [x, y, z] = hosted::thread;
    return x + hosted::block_size.x * (y + hosted::block_size.y * z);
}
static void report(const std::string &words) {
    trouble = words + " in " + kernel->name + ", block " + std::to_string(hosted::block.x) + ", thread " + std::to_string(index());
}
static bool is_alive(int thread) { return thread < threads && !fibers[thread]->done; }

void hosted::wait_for_block() { wait_at(block_barrier, alive); }
void hosted::wait_for_warp() { wait_at(warp_barriers[index() / WARP], alive_in_warp[index() / WARP]); }

// Shows `size` bytes to the other lanes of the warp; afterwards read(first lane) may look at theirs.
static void meet(unsigned mask, const void *value, size_t size, const std::function<void(int)> &read) {
    int thread = index(), first = thread / WARP * WARP;
    for (int lane = 0; lane < WARP; lane++)
        if (is_alive(first + lane) && !(mask >> lane & 1)) report("a mask leaves out threads of its warp");
    memcpy(lanes[thread], value, size);
    hosted::wait_for_warp();
    read(first);
    hosted::wait_for_warp();
}
void hosted::exchange(unsigned mask, void *value, size_t size, int source) {
    meet(mask, value, size, [=](int first) {
        if (is_alive(first + source))
            memcpy(value, lanes[first + source], size);
        else
            memset(value, 0xFF, size);  // CUDA does not say what a lane without a thread gives
    });
}
unsigned hosted::ballot(unsigned mask, int predicate) {
    unsigned bits = 0;
    meet(mask, &predicate, sizeof predicate, [&](int first) {
        for (int lane = 0; lane < WARP; lane++)
            if (int other; is_alive(first + lane))
                memcpy(&other, lanes[first + lane], sizeof other), bits |= unsigned(other != 0) << lane;
    });
    return bits;
}

static void leave(Barrier &barrier, int &alive) {
    if (--alive && barrier.waiting == alive) barrier.open();  // the others need not wait for this one any longer
}
static void life_of_a_fiber() {
    for (;; end_turn()) {
        kernel->call(arguments);
        now->done = progress = true;
        leave(block_barrier, alive);
        leave(warp_barriers[index() / WARP], alive_in_warp[index() / WARP]);
    }
}
static std::unique_ptr<Fiber> new_fiber() {
    auto fiber = std::make_unique<Fiber>();
    getcontext(&fiber->beginning);
    auto &stack = fiber->beginning.uc_stack;
    stack.ss_size = STACK;
    stack.ss_sp = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    makecontext(&fiber->beginning, life_of_a_fiber, 0);
    return fiber;
}

// ---------------------------------------------------------------- blocks
// Whose turn it is: a right kernel gives the same in any order.
static std::vector<int> turns() {
    std::vector<int> order(threads);
    std::iota(order.begin(), order.end(), 0);
    if (thread_order == 1) std::reverse(order.begin(), order.end());
    unsigned random = thread_order;
    for (int i = threads - 1; thread_order > 1 && i > 0; i--) {
        random = random * 1664525u + 1013904223u;
        std::swap(order[i], order[(random >> 8) % (i + 1)]);
    }
    return order;
}

static dim3 position(unsigned thread) {
    auto [x, y, z] = hosted::block_size;
    return {thread % x, thread / x % y, thread / x / y};
}

static void run_block(const std::vector<int> &order) {
    if (!kernel->meets) {
        for (int thread : order) hosted::thread = position(thread), kernel->call(arguments);
        return;
    }
    alive = threads;
    block_barrier.waiting = 0;
    for (int warp = 0; warp < WARP; warp++) {
        warp_barriers[warp].waiting = 0;
        alive_in_warp[warp] = std::clamp(threads - WARP * warp, 0, WARP);
    }
    while ((int)fibers.size() < threads) fibers.push_back(new_fiber());
    for (int thread = 0; thread < threads; thread++) fibers[thread]->done = false, fibers[thread]->thread = position(thread);
    while (alive) {
        progress = false;
        for (int thread : order)
            if (!fibers[thread]->done) give_turn(*fibers[thread]);
        if (!progress) {
            report("a barrier that not all threads reach");
            fibers.clear();  // they stand in the middle of the kernel
            return;
        }
    }
}

struct Module {
    void *library;
    const hosted::Kernels *kernels;
};
struct Function {
    const Module *module;
    const Kernel *kernel;
};

static void run_blocks(dim3 grid, size_t dynamic, const hosted::Kernels &module) {
    std::vector<char> memory(dynamic);
    hosted::shared_memory = memory.data();
    int poison = thread_order == 1 ? 0 : 0xFF;  // what nobody wrote may be anything: once 0, else NaN
    auto order = turns();
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x && trouble.empty(); x++) {
                hosted::block = {x, y, z};
                memset(module.shared_begin, poison, module.shared_end - module.shared_begin);
                memset(memory.data(), poison, dynamic);
                run_block(order);
            }
}

// ---------------------------------------------------------------- what a GPU calls an illegal address
static sigjmp_buf before_kernel;
static struct sigaction others;
static void on_fault(int, siginfo_t *, void *) { siglongjmp(before_kernel, 1); }

static void run(const Module &module, const Kernel *which, dim3 grid, dim3 block, size_t dynamic, void **values) {
    hosted::grid_size = grid, hosted::block_size = block;
    threads = block.x * block.y * block.z, kernel = which, arguments = values;
    struct sigaction ours {};
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &ours, &others);
    if (sigsetjmp(before_kernel, 1) == 0) {
        run_blocks(grid, dynamic, *module.kernels);
    } else {
        fibers.clear();
        report("cudaErrorIllegalAddress");
    }
    sigaction(SIGSEGV, &others, nullptr);
}

extern "C" {
intptr_t driver_moduleLoadData(PyObject *image, int) {  // its "machine code" is the path of a library (compiling.py)
    void *library = dlopen(PyBytes_AsString(image), RTLD_NOW | RTLD_LOCAL);
    if (!library) return (intptr_t)fail(dlerror());
    return (intptr_t) new Module{library, (hosted::Kernels *)dlsym(library, "hosted_kernels")};
}
PyObject *driver_moduleUnload(intptr_t, int) { return none(); }  // a graph may still launch its kernels

intptr_t driver_moduleGetFunction(intptr_t pointer, PyObject *name, int) {
    auto *module = (Module *)pointer;
    std::string wanted = PyUnicode_AsUTF8(name);
    for (const Kernel *kernel = module->kernels->first; kernel->name; kernel++)
        if (kernel->name == wanted) return (intptr_t) new Function{module, kernel};
    return (intptr_t)fail("CUDA_ERROR_NOT_FOUND: named symbol not found: " + wanted);
}

PyObject *driver_launchKernel(
    intptr_t pointer, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned dynamic,
    intptr_t stream, intptr_t pointers, intptr_t, int) {
    auto [module, kernel] = *(Function *)pointer;
    counts.launches++;
    log_line(kernel->name);
    if (!gx || !gy || !gz || bx * by * bz < 1 || bx * by * bz > MOST_THREADS || bz > 64 || gy > 65535 || gz > 65535)
        return fail(std::string("CUDA_ERROR_INVALID_VALUE: the grid or the blocks of ") + kernel->name);
    std::vector<std::string> values;  // of the arguments, which change before a graph is launched
    for (int i = 0; i < kernel->arguments; i++) values.emplace_back(((char **)pointers)[i], kernel->sizes[i]);
    perform(stream, [=, module = module, kernel = kernel]() mutable {
        std::vector<void *> addresses;
        for (auto &value : values) addresses.push_back(value.data());
        run(*module, kernel, {gx, gy, gz}, {bx, by, bz}, dynamic, addresses.data());
    });
    return none_or_trouble();
}
}
