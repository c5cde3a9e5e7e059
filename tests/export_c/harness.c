/* Every way to misuse an exported model, and weights that are reloaded while it runs.
 *
 * Links an exported project without its main.c, and the register-level model. Arguments: the blob
 * and the vectors of other weights of the same model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "xfblas_model.h"
#include "xfblas_register_model.h"
#include "xfblas_registers.h"

static int failures;
#define CHECK(condition) \
  ((condition) ? (void)0 : (void)(++failures, printf("line %d: %s\n", __LINE__, #condition)))

static xfblas_context model;
static xfblas_platform platform, real;
static void *other_blob;
static size_t other_size;
static float *other_vectors;
static float found[N_SAMPLES * XFBLAS_OUTPUTS];
enum { OUTPUT_BYTES = sizeof found };

/* What is done between the start of a run and its end. */
static int (*meanwhile)(void);
static int statuses[8], calls;

static uint64_t now_and_meanwhile(void *self) {
  static int is_inside;
  if (meanwhile != NULL && !is_inside) {
    is_inside = 1;
    if (!(xfblas_model_read((xfblas_register_model *)self, XFBLAS_REGISTER_AMOUNT) == 0) &&
        calls < 8)
      statuses[calls++] = meanwhile();
    is_inside = 0;
  }
  return real.now(self);
}

static int reload(void) { return xfblas_load_weights(&model, other_blob, other_size); }
static int reload_own(void) {
  return xfblas_load_weights(&model, xfblas_blob, xfblas_blob_size);
}
static int predict_inside(void) {
  float y[XFBLAS_OUTPUTS];
  return xfblas_predict(&model, data_X_inputs, 1, y);
}

static int predicts(const float *rows, const float *expected) {
  if (xfblas_predict(&model, rows, N_SAMPLES, found) != XFBLAS_OK) return 0;
  return memcmp(found, expected, OUTPUT_BYTES) == 0;
}
static int predicts_first(void) { return predicts(data_X_inputs, data_y_hls_outputs); }
static int predicts_other(void) {
  return predicts(other_vectors, other_vectors + N_SAMPLES * XFBLAS_FEATURES);
}

static int interrupts;
static void wait_for_interrupt(void *self, uint32_t microseconds) {
  xfblas_register_model *m = (xfblas_register_model *)self;
  CHECK(microseconds > 0);
  /* The kernel goes on now. */
  xfblas_model_set_fault(m, XFBLAS_FAULT_NONE);
  ++interrupts;
}

static void misuse(void) {
  static char bytes[OUTPUT_BYTES + 16];
  static xfblas_context fresh;
  float row[XFBLAS_FEATURES];
  int status;
  CHECK(xfblas_predict(&fresh, data_X_inputs, 1, found) == XFBLAS_ERROR_NOT_READY);
  CHECK(xfblas_load_weights(&fresh, xfblas_blob, xfblas_blob_size) == XFBLAS_ERROR_NOT_READY);
  CHECK(xfblas_init(NULL, &platform, xfblas_blob, xfblas_blob_size) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_init(&fresh, NULL, xfblas_blob, xfblas_blob_size) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_init(&fresh, &platform, NULL, 100) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_predict(&fresh, data_X_inputs, 1, found) == XFBLAS_ERROR_NOT_READY);
  CHECK(xfblas_predict(NULL, data_X_inputs, 1, found) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_predict(&model, NULL, 1, found) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_predict(&model, data_X_inputs, 1, NULL) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_predict(&model, NULL, 0, NULL) == XFBLAS_OK);
  CHECK(xfblas_predict(&model, (const float *)(const void *)(bytes + 1), 1, found) ==
        XFBLAS_ERROR_ALIGNMENT);
  CHECK(xfblas_predict(&model, data_X_inputs, 1, (float *)(void *)(bytes + 2)) ==
        XFBLAS_ERROR_ALIGNMENT);
  CHECK(xfblas_load_weights(&model, (const char *)xfblas_blob + 4, xfblas_blob_size - 4) ==
        XFBLAS_ERROR_ALIGNMENT);
  CHECK(xfblas_load_weights(&model, NULL, 0) == XFBLAS_ERROR_ARGUMENT);
  CHECK(xfblas_load_weights(NULL, xfblas_blob, xfblas_blob_size) == XFBLAS_ERROR_ARGUMENT);
  memcpy(row, data_X_inputs, sizeof row);
  memset(&row[XFBLAS_FEATURES - 1], 0xff, sizeof row[0]);
  CHECK(xfblas_predict(&model, row, 1, found) == XFBLAS_ERROR_NOT_FINITE);
  for (status = -1; status < 40; ++status)
    CHECK(strcmp(xfblas_error_text(status), "unknown status") != 0 ||
          status < XFBLAS_OK || status > XFBLAS_ERROR_ARITHMETIC);
  CHECK(predicts_first());
}

/* Every word of the header with other bits and a right CRC, as only a hostile blob has it. */
static void hostile_headers(void) {
  const uint32_t values[] = {0, 1, 7, 0x7fffffffu, 0x80000000u, 0xffffffffu, 4096, 65537};
  uint32_t *copy = (uint32_t *)malloc(other_size);
  size_t word, i;
  extern uint32_t xfblas_crc(const unsigned char *, size_t);
  if (copy == NULL) exit(1);
  for (word = 2; word < 32; ++word)
    for (i = 0; i < sizeof values / sizeof values[0]; ++i) {
      int status;
      memcpy(copy, other_blob, other_size);
      copy[word] = values[i];
      if (word != 3) copy[3] = xfblas_crc((unsigned char *)copy + 16, other_size - 16);
      status = xfblas_load_weights(&model, copy, other_size);
      if (status == XFBLAS_OK) {
        /* A number that may be another one: whatever it predicts, nothing is touched outside. */
        status = xfblas_predict(&model, data_X_inputs, N_SAMPLES, found);
        CHECK(status == XFBLAS_OK || status == XFBLAS_ERROR_KERNEL);
        CHECK(reload_own() == XFBLAS_OK);
      }
    }
  free(copy);
  CHECK(predicts_first());
}

static void reloads(void) {
  int i;
  CHECK(reload() == XFBLAS_OK && predicts_other());
  CHECK(reload_own() == XFBLAS_OK && predicts_first());
  /* While it runs: this prediction has the old weights to its end, the next one the new. */
  meanwhile = reload, calls = 0;
  CHECK(predicts_first());
  meanwhile = NULL;
  CHECK(calls > 1 && statuses[0] == XFBLAS_OK);
  /* Once more would overwrite what the prediction uses. */
  for (i = 1; i < calls; ++i) CHECK(statuses[i] == XFBLAS_ERROR_BUSY);
  CHECK(predicts_other());
  CHECK(reload_own() == XFBLAS_OK);
  meanwhile = predict_inside, calls = 0;
  CHECK(predicts_first());
  meanwhile = NULL;
  CHECK(calls > 0 && statuses[0] == XFBLAS_ERROR_BUSY);
  for (i = 0; i < 1000; ++i) CHECK((i % 2 ? reload_own() : reload()) == XFBLAS_OK);
  CHECK(predicts_first());
}

static void faults(xfblas_register_model *m) {
  const uint32_t timeout = model.timeout;
  model.timeout = 3000;
  xfblas_model_set_fault(m, XFBLAS_FAULT_HANGS);
  CHECK(xfblas_predict(&model, data_X_inputs, 1, found) == XFBLAS_ERROR_TIMEOUT);
  /* It may still write: neither rows nor weights are put into its memory. */
  CHECK(xfblas_predict(&model, data_X_inputs, 1, found) == XFBLAS_ERROR_TIMEOUT);
  CHECK(reload() == XFBLAS_ERROR_BUSY);
  xfblas_model_set_fault(m, XFBLAS_FAULT_NONE);
  model.timeout = timeout;
  CHECK(predicts_first());
  model.timeout = 3000;
  xfblas_model_set_fault(m, XFBLAS_FAULT_NEVER_DONE);
  CHECK(xfblas_predict(&model, data_X_inputs, 1, found) == XFBLAS_ERROR_TIMEOUT);
  xfblas_model_set_fault(m, XFBLAS_FAULT_NONE);
  model.timeout = timeout;
  CHECK(predicts_first());
}

static void interrupt(xfblas_register_model *m) {
  static xfblas_context fresh;
  platform.has_interrupt = 1;
  platform.wait = wait_for_interrupt;
  CHECK(xfblas_init(&fresh, &platform, xfblas_blob, xfblas_blob_size) == XFBLAS_OK);
  CHECK(!xfblas_model_interrupt(m));
  xfblas_model_set_fault(m, XFBLAS_FAULT_HANGS);
  CHECK(xfblas_predict(&fresh, data_X_inputs, 1, found) == XFBLAS_OK);
  CHECK(interrupts == 1 && xfblas_model_interrupt(m));
  xfblas_model_write(m, XFBLAS_REGISTER_INTERRUPT_STATUS, XFBLAS_INTERRUPT_DONE);
  CHECK(!xfblas_model_interrupt(m));
  CHECK(memcmp(found, data_y_hls_outputs, sizeof(float) * XFBLAS_OUTPUTS) == 0);
}

static void *contents(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  void *bytes = malloc(1 << 24);
  if (file == NULL || bytes == NULL) exit(2);
  *size = fread(bytes, 1, 1 << 24, file);
  fclose(file);
  return bytes;
}

int main(int count, char **arguments) {
  size_t size;
  if (count != 3) return 2;
  other_blob = contents(arguments[1], &other_size);
  other_vectors = (float *)contents(arguments[2], &size);
  if (xfblas_platform_open(&real) != XFBLAS_OK) return 2;
  platform = real;
  platform.now = now_and_meanwhile;
  CHECK(xfblas_init(&model, &platform, xfblas_blob, xfblas_blob_size) == XFBLAS_OK);
  CHECK(N_SAMPLES > 2 * xfblas_rows_of_a_run(&model));
  misuse();
  reloads();
  faults((xfblas_register_model *)real.self);
  hostile_headers();
  interrupt((xfblas_register_model *)real.self);
  free(other_blob);
  free(other_vectors);
  xfblas_platform_close(&real);
  printf("%s\n", failures ? "FAIL" : "PASS");
  return failures != 0;
}
