// Streams, which do their work at once; the graphs that they capture; events, which take no time.
#include "device.h"
#include <cstdlib>
#include <utility>
#include <vector>

struct Graph {
    std::vector<std::function<void()>> works;
};
struct Stream {
    Graph *graph = nullptr;  // that is being captured
};
static int captures = 0;

static Stream *of(intptr_t stream) { return stream > 2 ? (Stream *)stream : nullptr; }  // 0, 1, 2: CUDA's own
bool capturing(intptr_t stream) { return of(stream) && of(stream)->graph; }
bool capturing_anywhere() { return captures > 0; }

void perform(intptr_t stream, std::function<void()> work) {
    if (capturing(stream))
        of(stream)->graph->works.push_back(std::move(work));
    else if (!dry)
        work();
}

extern "C" {
PyObject *runtime_deviceSynchronize(int) {
    counts.synchronizations++;
    return none();
}
PyObject *runtime_streamSynchronize(intptr_t stream, int) {
    if (capturing(stream)) return fail("cudaErrorStreamCaptureUnsupported: nobody can wait for a stream that captures");
    counts.synchronizations++;
    return none();
}
PyObject *runtime_streamQuery(intptr_t, int) { return none(); }
intptr_t runtime_streamCreate(int) { return (intptr_t) new Stream; }
intptr_t runtime_streamCreateWithFlags(unsigned, int) { return (intptr_t) new Stream; }
intptr_t runtime_streamCreateWithPriority(unsigned, int, int) { return (intptr_t) new Stream; }
PyObject *runtime_streamDestroy(intptr_t stream, int) {
    delete of(stream);
    return none();
}
PyObject *runtime_streamWaitEvent(intptr_t, intptr_t, int, void *) { return none(); }

PyObject *runtime_streamBeginCapture(intptr_t stream, int, void *) {
    if (!of(stream)) return fail("cudaErrorStreamCaptureImplicit: the default stream cannot be captured");
    of(stream)->graph = new Graph;
    captures++;
    return none();
}
intptr_t runtime_streamEndCapture(intptr_t stream, int) {
    captures--;
    return (intptr_t)std::exchange(of(stream)->graph, nullptr);
}
int runtime_streamIsCapturing(intptr_t stream, int) { return capturing(stream); }
intptr_t runtime_graphInstantiate(intptr_t graph, int) { return (intptr_t) new Graph(*(Graph *)graph); }
PyObject *runtime_graphUpload(intptr_t, intptr_t, int) { return none(); }
PyObject *runtime_graphLaunch(intptr_t graph, intptr_t stream, int) {
    for (auto &work : ((Graph *)graph)->works) perform(stream, work);
    return none_or_trouble();
}
PyObject *runtime_graphDestroy(intptr_t graph, int) {
    delete (Graph *)graph;
    return none();
}
PyObject *runtime_graphExecDestroy(intptr_t graph, int) { return runtime_graphDestroy(graph, 0); }

intptr_t runtime_eventCreate(int) { return (intptr_t)malloc(1); }
intptr_t runtime_eventCreateWithFlags(unsigned, int) { return (intptr_t)malloc(1); }
PyObject *runtime_eventDestroy(intptr_t event, int) {
    free((void *)event);
    return none();
}
PyObject *runtime_eventRecord(intptr_t, intptr_t, int) { return none(); }
PyObject *runtime_eventQuery(intptr_t, int) { return none(); }
PyObject *runtime_eventSynchronize(intptr_t, int) {
    counts.synchronizations++;
    return none();
}
float runtime_eventElapsedTime(intptr_t, intptr_t, int) { return 0; }
}
