// A lane of the epilogue: ((sum + x) * scale) >> shift, rounded, saturated or wrapped, and a slope
// for what is negative. The scale has 16 bits and the slope 10, as an instruction has them.
module epilogue_lane #(parameter ACC = 48, W = 16)
 (input clk, input signed [ACC-1:0] sum, input signed [31:0] x, input [15:0] scale,
  input [7:0] shift, input rounds, saturates, input signed [9:0] slope, input [5:0] slope_shift,
  output reg signed [W-1:0] c);
  localparam signed [48:0] LARGEST = (1 << (W-1)) - 1, LEAST = -(1 << (W-1));
  reg signed [ACC-1:0] added, added1;
  reg signed [16:0] scale1;
  reg signed [47:0] product, product1;
  always @(posedge clk) begin
    added <= sum + x;
    added1 <= added; scale1 <= {1'b0, scale};
    product <= added1 * scale1; product1 <= product;
  end
  // One place less than asked for: the last bit is the half that rounds up.
  wire [7:0] less = shift - 8'd1;
  wire signed [48:0] wide = {product1[47], product1};
  wire signed [48:0] moved = wide >>> (less > 63 ? 6'd63 : less[5:0]);
  reg signed [47:0] value; reg half;
  always @(posedge clk) {value, half} <= shift == 0 ? {product1, 1'b0} : moved;
  wire signed [48:0] rounded = value + $signed({1'b0, rounds & half});
  reg signed [W-1:0] narrow, narrow1;
  reg signed [W+9:0] sloped;
  wire signed [W+9:0] bent = sloped >>> (slope_shift[5] ? 5'd31 : slope_shift[4:0]);
  always @(posedge clk) begin
    narrow <= !saturates ? rounded[W-1:0] : rounded > LARGEST ? LARGEST[W-1:0]
                         : rounded < LEAST ? LEAST[W-1:0] : rounded[W-1:0];
    sloped <= narrow * slope; narrow1 <= narrow;
    c <= narrow1 < 0 ? bent[W-1:0] : narrow1;
  end
endmodule

// A lane of a table of 513 entries: two of them a cycle, and the line between.
module table_lane #(parameter W = 16)
 (input clk, load, input [9:0] place, input signed [17:0] entry, input signed [W-1:0] c,
  input is_odd, rises, input [3:0] in_fraction, out_fraction, output reg signed [W-1:0] y);
  localparam signed [W:0] LARGEST = (1 << (W-1)) - 1;
  (* ram_style = "block" *) reg signed [17:0] entries [0:1023];
  reg [18:0] at; reg [9:0] part; reg signed [17:0] low, low1, high;
  reg negative, negative1, negative2, negative3;
  wire [W:0] magnitude = c < 0 ? -c : c;
  wire [31:0] moved = magnitude << (5'd16 - rises - in_fraction);
  wire [9:0] behind = at[18:10] + 10'd1;
  always @(posedge clk) begin
    at <= |moved[31:19] ? 19'h7ffff : moved[18:0];
    {negative, negative1, negative2, negative3} <= {c < 0, negative, negative1, negative2};
    if (load) entries[place] <= entry;
    else low <= entries[{1'b0, at[18:10]}];
    part <= at[9:0];
  end
  always @(posedge clk) high <= entries[behind];
  reg signed [29:0] rise; reg signed [18:0] line, base;
  wire signed [18:0] step = high - low;
  wire signed [10:0] places = {1'b0, part};
  wire signed [29:0] half = rise + 30'sd512;
  wire signed [18:0] one = 19'sd65536;
  always @(posedge clk) begin
    rise <= step * places; low1 <= low;
    line <= low1 + (half >>> 10);
    base <= !rises ? line : negative2 ? one - line : one + line;
  end
  wire [4:0] less = 5'd16 + rises - out_fraction;
  wire signed [19:0] rounded = $signed(base + (20'sd1 << (less - 5'd1))) >>> less;
  wire signed [W:0] clamped = rounded > LARGEST ? LARGEST : rounded[W:0];
  always @(posedge clk) y <= is_odd & negative3 ? -clamped : clamped;
endmodule
