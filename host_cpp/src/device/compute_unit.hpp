// One compute unit: its memory, the matrices in it, and its queue of instructions.
#ifndef XFBLAS_COMPUTE_UNIT_HPP
#define XFBLAS_COMPUTE_UNIT_HPP

#include <sys/types.h>

#include <future>
#include <mutex>
#include <utility>
#include <vector>

#include "device/transfer.hpp"
#include "memory/memory.hpp"
#include "program/program.hpp"
#include "target/target.hpp"

namespace xfblas {

// Every member function first waits for a program that was started and still runs.
class ComputeUnit {
 public:
  ComputeUnit(Target& target, uint32_t index, Engine engine, const Configuration& configuration);
  ~ComputeUnit();

  // Memory that pads by itself, filled with zeros; the pointer only names it.
  void* allocate(int64_t rows, int64_t columns, int64_t element_bytes);
  // The same for a B operand that stays: packed where the image's array and the target take that.
  // is_filter: of a convolution over maps.
  void* allocate_packed(int64_t rows, int64_t columns, int64_t element_bytes, bool is_filter);
  // Memory with the host array's layout, named by the host array.
  void allocate_for(const void* host, int64_t rows, int64_t columns, int64_t element_bytes,
                    int64_t leading_dimension);
  void free(const void* name);
  uint32_t page_of(const void* name);

  void write(const void* name, const HostMatrix& from);
  // All of them before anything else happens on this unit; none where one may not be written.
  struct Update {
    const void* name;
    HostMatrix from;
  };
  void write_several(const std::vector<Update>& updates);
  void read(const void* name, const HostMatrix& shape, char* to);
  void write_all(const void* name, const void* from);
  void read_all(const void* name, void* to);
  void read_pages(uint32_t page, void* to, uint64_t bytes);
  // Allocates if needed, then writes.
  void send(const void* host, uint64_t elements, int64_t element_bytes);

  void gemm(const Sizes& sizes, const void* a, const void* b, const void* c, bool adds_c);
  void gemv(int64_t m, int64_t n, int64_t lda, const void* a, const void* x, const void* y);
  void fcn(const Sizes& sizes, const void* a, const void* b, const void* c, const void* x,
           const EpilogueFields& epilogue, const void* table = nullptr);
  // Softmax by tables of k columns; fields without their checks.
  struct Softmax {
    const void* parameters;  // name
    int64_t classes;
    SoftmaxFields fields;
  };
  void softmax(int64_t m, int64_t k, const void* a, int64_t lda, const Softmax& softmax,
               const void* c, int64_t ldc);
  // A step over feature maps; B, X and the table may be null.
  struct MapNames {
    const void *a, *b, *c, *x, *table;
  };
  void walk(const MapStep& step, const MapNames& names);
  void fcn_by_page(const Sizes& sizes, const Pages& pages, const EpilogueFields& epilogue);
  void free_instructions();

  // C = A*B on host arrays, from sending to reading back; b null: the device's matrix of this name.
  // With whole_sums C is int64, see xfblasMatmulSums.
  void multiply(const Sizes& sizes, const void* a, const void* b, const void* device_b, void* c,
                bool whole_sums = false);
  // The layers of a model on host rows; a: the matrix of the first layer's rows.
  struct Layer {
    const void *b, *x, *c;  // names
    int64_t columns;
    EpilogueFields epilogue;
    const void* table;  // or null
  };
  // softmax: of the last layer's C into the matrix of this name, or null.
  void forward(ForwardPass pass, const void* a, const std::vector<Layer>& layers,
               const Softmax* softmax, const void* probabilities);

  // Where pixels of `frames` frames lie, one after the other.
  struct MapView {
    const void* matrix;  // name
    int64_t first, pixel, pixels, channels;  // in elements; `pixels` of a frame
  };
  // Steps over feature maps on host rows, which are pixels. The steps' walks say how many frames
  // one program takes.
  void predict_maps(ForwardPass pass, uint64_t frames, const MapView& input,
                    const std::vector<std::pair<MapStep, MapNames>>& steps, const MapView& output);

  void execute();
  // Runs what is queued, if anything.
  void flush();
  // Fails where start would.
  void require_startable();
  // Starts what execute would run; a failure is told by the next call that needs the result.
  void start();
  void synchronize();
  // Start and end of the first instructions of the last launch, two numbers each.
  void read_stamps(unsigned long long* stamps, uint32_t instructions);
  bool has_program();

 private:
  std::unique_lock<std::mutex> idle();
  void require_writable(const void* name, const HostMatrix& from);
  void write_checked(const void* name, const HostMatrix& from);
  // Of memory that is there; fails where there is no room, and then nothing was changed.
  uint32_t take_pages(uint64_t bytes);
  // In the form that the array reads, where image and target have one: rows of B are the bursts
  // that would hold it up most.
  void* allocate_b(int64_t rows, int64_t columns, int64_t element_bytes, bool is_filter);
  // packed_columns: see DeviceMatrix.
  void* allocate_padded(int64_t rows, int64_t columns, int64_t element_bytes,
                        int64_t packed_columns = 0);
  // Leaves a program behind that ran on a thread of the process that this one was forked from.
  void forget_if_forked();
  void report_failure();
  // Queues an operation.
  void append(const Operation& operation);
  // Leaves out what is queued and whose result was freed, as of a call that was interrupted before
  // it read: nobody can want it any more.
  void drop_void();
  void run_queued();
  void run_pending();
  // Writes the zeros that are due: before a program or a caller looks at the memory.
  void clear_blank();
  void require_live(const std::vector<Operation>& operations) const;
  void time_instructions(Timeline& timeline, uint64_t first, uint64_t rows, uint64_t start,
                         size_t instructions);
  // Start and end of each instruction of the last launch, by turns, in cycles.
  std::vector<unsigned long long> last_stamps(uint32_t instructions);
  MapOperations operations_of(const MapStep& step, const MapNames& names) const;
  // The steps of one program one by one, each a part of its own; frames are those that it takes.
  void run_timed(const std::vector<std::pair<MapStep, MapNames>>& steps,
                 const std::vector<Operation>& program, Timeline& timeline, uint64_t first,
                 uint64_t frames);
  // Elements of a step's result that are as large or as small as their type allows.
  int64_t at_ends(const MapStep& step, const MapNames& names, uint64_t frames) const;
  const DeviceMatrix& matrix_of(const char* name, const MapView& view, int64_t frames) const;
  void forward_by_programs(const ForwardPass& pass, int64_t capacity, const DeviceMatrix& first,
                           const DeviceMatrix& last);
  void require_element_bytes(int64_t element_bytes) const;

  Target& target_;
  uint32_t index_;
  Engine engine_;
  Configuration configuration_;
  OperationMaker maker_;
  MapStepMaker map_maker_;
  MatrixTable matrices_;
  CountedPages counted_pages_;
  Transfer transfer_;
  Launcher launcher_;
  Queue queue_;
  std::future<void> started_;
  pid_t started_by_ = 0;        // the process that did; a child of it has no such thread
  size_t started_from_ = 0;     // operations that had run before those that were started
  std::exception_ptr failure_;  // of a started program, until somebody asks
  std::mutex mutex_;
};

}  // namespace xfblas

#endif
