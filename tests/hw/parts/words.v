// Elements turned up by a number of places that is known at run time alone, in stages of two.
module turned #(parameter N = 32, W = 16, S = $clog2(N))
 (input [N*W-1:0] from, input [S-1:0] places, output [N*W-1:0] to);
  wire [N*W-1:0] stage [0:S];
  assign stage[0] = from, to = stage[S];
  genvar s, i;
  generate for (s = 0; s < S; s = s + 1) begin : stages
    for (i = 0; i < N; i = i + 1) begin : lanes
      assign stage[s+1][((i + (1 << s)) % N)*W +: W] =
        places[s] ? stage[s][i*W +: W] : stage[s][((i + (1 << s)) % N)*W +: W];
    end
  end endgenerate
endmodule

// A turn between two registers.
module rotation #(parameter N = 32, W = 16, S = $clog2(N))
 (input clk, input [N*W-1:0] from, input [S-1:0] places, output reg [N*W-1:0] to);
  reg [N*W-1:0] from1; reg [S-1:0] places1; wire [N*W-1:0] turns;
  turned #(N, W) turn (from1, places1, turns);
  always @(posedge clk) begin from1 <= from; places1 <= places; to <= turns; end
endmodule

// A word that begins within another one. TURNS: 2 turns both and chooses, 1 chooses before.
module joined #(parameter N = 32, W = 16, TURNS = 2, S = $clog2(N))
 (input clk, input [N*W-1:0] low, high, input [S-1:0] offset, output reg [N*W-1:0] word);
  reg [N*W-1:0] low1, high1; reg [S-1:0] offset1, places;
  wire [N*W-1:0] from_low, from_high, chosen, found;
  genvar i;
  generate if (TURNS == 2) begin : both
    turned #(N, W) turn_low (low1, places, from_low);
    turned #(N, W) turn_high (high1, places, from_high);
    for (i = 0; i < N; i = i + 1) begin : lanes
      assign found[i*W +: W] = i < N - offset1 ? from_low[i*W +: W] : from_high[i*W +: W];
    end
  end else begin : one
    for (i = 0; i < N; i = i + 1) begin : lanes
      assign chosen[i*W +: W] = i >= offset1 ? low1[i*W +: W] : high1[i*W +: W];
    end
    turned #(N, W) turn (chosen, places, found);
  end endgenerate
  always @(posedge clk) begin
    low1 <= low; high1 <= high; offset1 <= offset; places <= -offset; word <= found;
  end
endmodule

// Lanes before a row's begin or behind its end hold what stands for 0.
module padded #(parameter N = 8, W = 16)
 (input clk, input [N*W-1:0] word, input signed [47:0] place, length, input [W-1:0] fill,
  output reg [N*W-1:0] whole);
  genvar i;
  generate for (i = 0; i < N; i = i + 1) begin : lanes
    wire signed [47:0] at = place + i;
    always @(posedge clk) whole[i*W +: W] <= at < 0 || at >= length ? fill : word[i*W +: W];
  end endgenerate
endmodule

// A FIFO in memory made of LUTs.
module fifo #(parameter WIDTH = 384, DEPTH = 16, AW = $clog2(DEPTH))
 (input clk, reset, put, take, input [WIDTH-1:0] in, output not_full, not_empty,
  output [WIDTH-1:0] out);
  (* ram_style = "distributed" *) reg [WIDTH-1:0] items [0:DEPTH-1];
  reg [AW-1:0] first, behind; reg [AW:0] count;
  wire puts = put & not_full, takes = take & not_empty;
  assign not_full = count != DEPTH, not_empty = count != 0, out = items[first];
  always @(posedge clk) begin
    if (puts) items[behind] <= in;
    if (reset) {first, behind, count} <= 0;
    else begin
      if (puts) behind <= behind == DEPTH-1 ? 0 : behind + 1'b1;
      if (takes) first <= first == DEPTH-1 ? 0 : first + 1'b1;
      count <= count + puts - takes;
    end
  end
endmodule

// A memory with a port to write and one to read.
module memory #(parameter WIDTH = 512, DEPTH = 512, STYLE = "block", AW = $clog2(DEPTH))
 (input clk, write, input [AW-1:0] to, from, input [WIDTH-1:0] in, output reg [WIDTH-1:0] out);
  generate if (STYLE == "block") begin : blocks
    (* ram_style = "block" *) reg [WIDTH-1:0] items [0:DEPTH-1];
    always @(posedge clk) begin if (write) items[to] <= in; out <= items[from]; end
  end else begin : luts
    (* ram_style = "distributed" *) reg [WIDTH-1:0] items [0:DEPTH-1];
    always @(posedge clk) begin if (write) items[to] <= in; out <= items[from]; end
  end endgenerate
endmodule
