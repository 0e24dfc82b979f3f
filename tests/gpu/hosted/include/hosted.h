// What the device and the kernels that g++ compiles for it know of each other.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

struct dim3 {
    unsigned x, y, z;
};

namespace hosted {
extern dim3 thread, block, grid_size, block_size;
extern char *shared_memory;  // the part whose size is known at the launch
void wait_for_block();
void wait_for_warp();
void exchange(unsigned mask, void *value, size_t size, int source);
unsigned ballot(unsigned mask, int predicate);

struct Kernel {
    const char *name;
    void (*call)(void **arguments);
    int arguments;
    const size_t *sizes;
    bool meets;  // its threads wait for one another
};
struct Kernels {
    const Kernel *first;  // the last has no name
    char *shared_begin, *shared_end;
};

template <auto kernel>
struct Call;
template <class... A, void (*kernel)(A...)>
struct Call<kernel> {
    static constexpr size_t sizes[] = {sizeof(A)..., 0};
    template <size_t... I>
    static void at(void **arguments, std::index_sequence<I...>) {
        kernel(*(std::remove_reference_t<A> *)arguments[I]...);
    }
    static void call(void **arguments) { at(arguments, std::index_sequence_for<A...>{}); }
    static constexpr Kernel named(const char *name, bool meets) { return {name, call, sizeof...(A), sizes, meets}; }
};
}
