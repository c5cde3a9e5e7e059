// A row of the array: LANES multiply-adds that share one element of A, with STRIPS sums a lane on chip.
//
// The memory is read into a register, the product and the sum have one each: three cycles from a
// sum to its next use. GATED clears a sum by a gate at the first k; without, the first k reads an
// entry that stays 0.
module array_row #(parameter LANES = 8, W = 16, ACC = 48, STRIPS = 16, GATED = 1,
                   ENTRIES = GATED ? STRIPS : 2 * STRIPS, AW = $clog2(ENTRIES))
 (input clk, valid, first, last, input [AW-1:0] slot, input signed [W-1:0] a,
  input [LANES*W-1:0] b, output out_valid, output [LANES*ACC-1:0] out);
  reg valid1, valid2, valid3, first1, first2, last1, last2, last3;
  reg [AW-1:0] slot1, slot2, slot3;
  always @(posedge clk) begin
    {valid1, valid2, valid3} <= {valid, valid1, valid2};
    {first1, first2} <= {first, first1};
    {last1, last2, last3} <= {last, last1, last2};
    slot1 <= slot; slot2 <= slot1; slot3 <= slot2;
  end
  assign out_valid = valid3 & last3;
  wire [AW-1:0] from = !GATED && first1 ? STRIPS : slot1;
  genvar lane;
  generate for (lane = 0; lane < LANES; lane = lane + 1) begin : lanes
    (* ram_style = "distributed" *) reg [ACC-1:0] sums [0:ENTRIES-1];
    reg signed [W-1:0] a1, b1;
    reg signed [2*W-1:0] product;
    reg signed [ACC-1:0] before, sum;
    wire signed [ACC-1:0] begun = GATED && first2 ? 0 : before;
    always @(posedge clk) begin
      a1 <= a; b1 <= b[lane*W +: W];
      product <= a1 * b1;
      before <= sums[from];
      sum <= begun + product;
      if (valid3) sums[slot3] <= sum;
    end
    assign out[lane*ACC +: ACC] = sum;
  end endgenerate
endmodule

// A link of the chain that collects the sums: a row's own, or those from below.
module collect_link #(parameter WIDTH = 384)
 (input clk, enable, takes_own, input [WIDTH-1:0] own, below, output reg [WIDTH-1:0] above);
  always @(posedge clk) if (enable) above <= takes_own ? own : below;
endmodule

// A product of two numbers that are known at run time alone, as loop bounds are: three registers.
module bound_product #(parameter A = 32, B = 32, OUT = 64)
 (input clk, input [A-1:0] a, input [B-1:0] b, output reg [OUT-1:0] product);
  reg [A-1:0] a1; reg [B-1:0] b1; reg [OUT-1:0] held;
  always @(posedge clk) begin a1 <= a; b1 <= b; held <= a1 * b1; product <= held; end
endmodule
