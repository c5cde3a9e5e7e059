/* The control registers of the Zynq tops, offsets in bytes from the base of their AXI-lite port.
 *
 * This file is the only one that names them: the C drivers and the register-level model include
 * it, the Python driver reads it, and a test compares it with the pragmas of the kernels. Keep
 * to lines of the form "#define NAME number".
 *
 * A run: write both bases and the amount, write START to CONTROL, wait until DONE is read there
 * (reading it clears it) or for the interrupt, read results from memory.
 */
#ifndef XFBLAS_REGISTERS_H
#define XFBLAS_REGISTERS_H

/* Handshake. Reading clears DONE and READY. */
#define XFBLAS_REGISTER_CONTROL 0x00
#define XFBLAS_CONTROL_START 0x01 /* write 1: begin; 0 again once the kernel took it */
#define XFBLAS_CONTROL_DONE 0x02 /* the run has ended */
#define XFBLAS_CONTROL_IDLE 0x04 /* no run is under way */
#define XFBLAS_CONTROL_READY 0x08 /* the next run may be started */
#define XFBLAS_CONTROL_AUTO_RESTART 0x80 /* leave it 0 */

/* Interrupts: 1 in GLOBAL_INTERRUPT lets the line through. */
#define XFBLAS_REGISTER_GLOBAL_INTERRUPT 0x04
#define XFBLAS_REGISTER_INTERRUPT_ENABLE 0x08
#define XFBLAS_REGISTER_INTERRUPT_STATUS 0x0c /* writing 1 clears a bit that is set */
#define XFBLAS_INTERRUPT_DONE 0x01
#define XFBLAS_INTERRUPT_READY 0x02

/* Where page 0, the instructions, lies in memory: a multiple of 4096, twice the same number. */
#define XFBLAS_REGISTER_READ_BASE_LOW 0x10
#define XFBLAS_REGISTER_READ_BASE_HIGH 0x14
#define XFBLAS_REGISTER_WRITE_BASE_LOW 0x1c
#define XFBLAS_REGISTER_WRITE_BASE_HIGH 0x20

/* Rows of this run, at most those of the instructions; 0 takes the instructions'. */
#define XFBLAS_REGISTER_AMOUNT 0x28

#define XFBLAS_REGISTER_BYTES 0x1000 /* of the window that an address map gives the port */

/* The AXI DMA beside the stream top, in simple mode, from the base of its own port. Rows go out
 * by MM2S and results come in by S2MM. */
#define XFBLAS_DMA_SEND_CONTROL 0x00
#define XFBLAS_DMA_SEND_STATUS 0x04
#define XFBLAS_DMA_SEND_ADDRESS_LOW 0x18
#define XFBLAS_DMA_SEND_ADDRESS_HIGH 0x1c
#define XFBLAS_DMA_SEND_BYTES 0x28 /* writing it starts the transfer */
#define XFBLAS_DMA_RECEIVE_CONTROL 0x30
#define XFBLAS_DMA_RECEIVE_STATUS 0x34
#define XFBLAS_DMA_RECEIVE_ADDRESS_LOW 0x48
#define XFBLAS_DMA_RECEIVE_ADDRESS_HIGH 0x4c
#define XFBLAS_DMA_RECEIVE_BYTES 0x58 /* writing it starts the transfer */
#define XFBLAS_DMA_CONTROL_RUN 0x0001
#define XFBLAS_DMA_CONTROL_RESET 0x0004
#define XFBLAS_DMA_STATUS_HALTED 0x0001
#define XFBLAS_DMA_STATUS_IDLE 0x0002
#ifndef XFBLAS_DMA_MOST_BYTES
#define XFBLAS_DMA_MOST_BYTES 0x3ffffff /* of a transfer: its length register has 26 bits */
#endif
#define XFBLAS_DMA_STATUS_ERRORS 0x0770 /* any of them: the transfer failed */

#endif
