// What the files of the device share. CuPy's modules call extern "C" functions named runtime_... and driver_... here
// instead of their own (replacing.py); each must have the types that Cython gives the original.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

// Python, as far as it is needed: its headers may be missing.
extern "C" {
struct PyObject;
extern PyObject _Py_NoneStruct;
extern PyObject *PyExc_RuntimeError, *PyExc_MemoryError;
void Py_IncRef(PyObject *);
void PyErr_SetString(PyObject *, const char *);
const char *PyUnicode_AsUTF8(PyObject *);
char *PyBytes_AsString(PyObject *);
}

struct Counts {  // in the order of COUNTS in __init__.py
    long launches, products, synchronizations, copies_to_host, copies_to_device, copies_on_device, sets, allocations;
};
extern "C" Counts counts;
extern "C" int dry;           // not 0: nothing is executed
extern "C" int thread_order;  // 0 forwards, 1 backwards, else the seed of a shuffle

void log_line(const std::string &line);

inline PyObject *none() {
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

inline PyObject *fail(const std::string &words, PyObject *kind = PyExc_RuntimeError) {
    PyErr_SetString(kind, ("hosted device: " + words).c_str());
    return nullptr;
}

// What went wrong on the device; whoever notices it in a kernel cannot raise it there.
extern std::string trouble;

inline PyObject *none_or_trouble() {
    if (trouble.empty()) return none();
    std::string words;
    std::swap(words, trouble);
    return fail(words);
}

// Does the work, or adds it to the graph that the stream is capturing.
void perform(intptr_t stream, std::function<void()> work);
bool capturing(intptr_t stream);
bool capturing_anywhere();
