// The register-level model: registers and memory as a driver sees them, the kernel's source behind.
//
// A run that was started goes on when CONTROL is next read, so that a driver that does something
// meanwhile, such as loading other weights, does it while the run is under way.
#include "xfblas_register_model.h"

#include <cstring>
#include <exception>
#include <new>
#include <string>

#if XFBLAS_STREAM_TOP
#include "fcn_stream.cpp"
#else
#include "fcn_master.cpp"
#endif
#include "xfblas_registers.h"

namespace {

constexpr uint32_t ready_to_start = XFBLAS_CONTROL_IDLE | XFBLAS_CONTROL_READY;

// One direction of the DMA.
struct Transfer {
  uint32_t control, status, low, high, bytes;
  uint64_t address() const { return uint64_t(high) << 32 | low; }
};

uint64_t joined(uint32_t low, uint32_t high) { return uint64_t(high) << 32 | low; }

}  // namespace

struct xfblas_register_model {
  unsigned char* memory;
  size_t bytes;
  uint64_t address;
  uint32_t control, global_interrupt, interrupt_enable, interrupt_status;
  uint32_t read_low, read_high, write_low, write_high, amount;
  bool is_started;
  uint64_t base_read, base_write;  // as they were at the start
  uint32_t rows;
  Transfer send, receive;
  xfblas_model_fault fault;
  uint64_t runs;
  std::string error;

  // The place of so many bytes, or null.
  unsigned char* at(uint64_t place, uint64_t count) const {
    if (place < address || place - address > bytes || bytes - (place - address) < count)
      return nullptr;
    return memory + (place - address);
  }

  void start() {
    if (!(control & XFBLAS_CONTROL_IDLE)) return;  // as in hardware: a run is under way
    control = 0;
    is_started = true;
    base_read = joined(read_low, read_high);
    base_write = joined(write_low, write_high);
    rows = amount;
  }

  void end() {
    control = ready_to_start | XFBLAS_CONTROL_DONE;
    if (interrupt_enable & XFBLAS_INTERRUPT_DONE) interrupt_status |= XFBLAS_INTERRUPT_DONE;
  }

  void go_on() {
    if (!is_started || fault == XFBLAS_FAULT_HANGS) return;
    is_started = false;
    ++runs;
    error.clear();
    try {
      run();
    } catch (const std::exception& failed) {
      error = failed.what();
    }
    if (fault == XFBLAS_FAULT_NEVER_DONE) control = ready_to_start;
    // A kernel that met an error on its bus hangs.
    else if (error.empty()) end();
  }

  void run() {
    unsigned char* pages = at(base_read, 2 * xfblas::page_bytes);
    if (!pages || base_read != base_write || base_read % xfblas::page_bytes != 0)
      throw std::runtime_error("the bases are " + std::to_string(base_read) + " and " +
                               std::to_string(base_write) +
                               ", expected one page of the memory twice");
    const uint64_t left = bytes - (base_read - address);
    xfblas::simulation::Launch launch(left / xfblas::page_bytes);
    const auto* rd = reinterpret_cast<const DdrWord*>(pages);
    auto* wr = reinterpret_cast<DdrWord*>(pages);
#if XFBLAS_STREAM_TOP
    run_streams(rd, wr);
#else
    fcnMaster(rd, wr, rows);
#endif
  }

#if XFBLAS_STREAM_TOP
  void run_streams(const DdrWord* rd, DdrWord* wr) {
    if (fault == XFBLAS_FAULT_DMA) {
      send.status = receive.status = XFBLAS_DMA_STATUS_HALTED | 0x20;
      throw std::runtime_error("the DMA was told to fail");
    }
    const unsigned char* from = at(send.address(), send.bytes);
    unsigned char* to = at(receive.address(), receive.bytes);
    if (!from || !to || send.bytes == 0 || receive.bytes == 0 ||
        send.bytes % sizeof(DdrWord) != 0) {
      send.status = receive.status = XFBLAS_DMA_STATUS_HALTED | 0x40;
      throw std::runtime_error("the DMA was given no whole words of the memory");
    }
    xfblas::BeatStream rows_in, results;
    for (uint32_t i = 0; i < send.bytes; i += sizeof(DdrWord)) {
      xfblas::Beat beat;
      std::memcpy(&beat.data, from + i, sizeof beat.data);
      beat.last = i + sizeof(DdrWord) == send.bytes;
      rows_in.write(beat);
    }
    fcnStream(rows_in, results, rd, wr, rows);
    for (uint32_t i = 0; !results.empty(); i += sizeof(DdrWord)) {
      const auto beat = results.read();
      if (i + sizeof(DdrWord) > receive.bytes)
        throw std::runtime_error("more results came than the DMA has place for");
      std::memcpy(to + i, &beat.data, sizeof beat.data);
    }
    send.status = receive.status = XFBLAS_DMA_STATUS_IDLE;
    send.bytes = receive.bytes = 0;
  }
#endif
};

xfblas_register_model* xfblas_model_open(void* memory, size_t bytes, uint64_t address) {
  auto* model = new (std::nothrow) xfblas_register_model();
  if (!model) return nullptr;
  model->memory = static_cast<unsigned char*>(memory);
  model->bytes = bytes;
  model->address = address;
  model->control = XFBLAS_CONTROL_IDLE;
  model->send.status = model->receive.status = XFBLAS_DMA_STATUS_HALTED;
  return model;
}

void xfblas_model_close(xfblas_register_model* model) { delete model; }

uint32_t xfblas_model_read(xfblas_register_model* model, uint32_t offset) {
  switch (offset) {
    case XFBLAS_REGISTER_CONTROL: {
      model->go_on();
      const uint32_t found = model->control | (model->is_started ? XFBLAS_CONTROL_START : 0);
      model->control &= ~uint32_t(XFBLAS_CONTROL_DONE | XFBLAS_CONTROL_READY);
      return found;
    }
    case XFBLAS_REGISTER_GLOBAL_INTERRUPT: return model->global_interrupt;
    case XFBLAS_REGISTER_INTERRUPT_ENABLE: return model->interrupt_enable;
    case XFBLAS_REGISTER_INTERRUPT_STATUS: return model->interrupt_status;
    case XFBLAS_REGISTER_READ_BASE_LOW: return model->read_low;
    case XFBLAS_REGISTER_READ_BASE_HIGH: return model->read_high;
    case XFBLAS_REGISTER_WRITE_BASE_LOW: return model->write_low;
    case XFBLAS_REGISTER_WRITE_BASE_HIGH: return model->write_high;
    case XFBLAS_REGISTER_AMOUNT: return model->amount;
    default: return 0;
  }
}

void xfblas_model_write(xfblas_register_model* model, uint32_t offset, uint32_t value) {
  switch (offset) {
    case XFBLAS_REGISTER_CONTROL:
      if (value & XFBLAS_CONTROL_START) model->start();
      break;
    case XFBLAS_REGISTER_GLOBAL_INTERRUPT: model->global_interrupt = value & 1; break;
    case XFBLAS_REGISTER_INTERRUPT_ENABLE: model->interrupt_enable = value & 3; break;
    case XFBLAS_REGISTER_INTERRUPT_STATUS: model->interrupt_status ^= value & 3; break;
    case XFBLAS_REGISTER_READ_BASE_LOW: model->read_low = value; break;
    case XFBLAS_REGISTER_READ_BASE_HIGH: model->read_high = value; break;
    case XFBLAS_REGISTER_WRITE_BASE_LOW: model->write_low = value; break;
    case XFBLAS_REGISTER_WRITE_BASE_HIGH: model->write_high = value; break;
    case XFBLAS_REGISTER_AMOUNT: model->amount = value; break;
    default: break;
  }
}

uint32_t xfblas_model_read_dma(xfblas_register_model* model, uint32_t offset) {
  switch (offset) {
    case XFBLAS_DMA_SEND_STATUS: return model->send.status;
    case XFBLAS_DMA_RECEIVE_STATUS: return model->receive.status;
    case XFBLAS_DMA_SEND_CONTROL: return model->send.control;
    case XFBLAS_DMA_RECEIVE_CONTROL: return model->receive.control;
    default: return 0;
  }
}

void xfblas_model_write_dma(xfblas_register_model* model, uint32_t offset, uint32_t value) {
  Transfer& t = offset >= XFBLAS_DMA_RECEIVE_CONTROL ? model->receive : model->send;
  switch (offset) {
    case XFBLAS_DMA_SEND_CONTROL:
    case XFBLAS_DMA_RECEIVE_CONTROL:
      t.control = value;
      t.status = value & XFBLAS_DMA_CONTROL_RUN ? XFBLAS_DMA_STATUS_IDLE : XFBLAS_DMA_STATUS_HALTED;
      break;
    case XFBLAS_DMA_SEND_ADDRESS_LOW:
    case XFBLAS_DMA_RECEIVE_ADDRESS_LOW: t.low = value; break;
    case XFBLAS_DMA_SEND_ADDRESS_HIGH:
    case XFBLAS_DMA_RECEIVE_ADDRESS_HIGH: t.high = value; break;
    case XFBLAS_DMA_SEND_BYTES:
    case XFBLAS_DMA_RECEIVE_BYTES:
      // A register keeps the bits that it has.
      t.bytes = value & (model->fault == XFBLAS_FAULT_NARROW_DMA ? 0x1ff : XFBLAS_DMA_MOST_BYTES);
      t.status = 0;
      break;
    default: break;
  }
}

int xfblas_model_interrupt(const xfblas_register_model* model) {
  return (model->global_interrupt & 1) && model->interrupt_status != 0;
}

void xfblas_model_set_fault(xfblas_register_model* model, xfblas_model_fault fault) {
  model->fault = fault;
}

uint64_t xfblas_model_runs(const xfblas_register_model* model) { return model->runs; }
const char* xfblas_model_error(const xfblas_register_model* model) { return model->error.c_str(); }
int xfblas_model_is_stream(void) { return XFBLAS_STREAM_TOP; }
