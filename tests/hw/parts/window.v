// A lane of a window: the largest element of its taps, or their sum with factors.
module window_lane #(parameter W = 16, ACC = 48)
 (input clk, counts, takes_largest, has_factor, is_first, input signed [W-1:0] element, factor,
  input signed [ACC-1:0] before, output reg signed [ACC-1:0] after);
  reg signed [W-1:0] element1, factor1, element2;
  reg signed [2*W-1:0] product; reg signed [ACC-1:0] before2;
  reg [3:0] flags, flags2;
  wire signed [ACC-1:0] begun = flags2[0] ? 0 : before2;
  wire keeps = !flags2[0] && begun >= element2;
  always @(posedge clk) begin
    element1 <= element; factor1 <= has_factor ? factor : 1;
    product <= element1 * factor1; element2 <= element1; before2 <= before;
    flags <= {counts, takes_largest, has_factor, is_first}; flags2 <= flags;
    after <= !flags2[3] ? begun : !flags2[2] ? begun + product : keeps ? begun : element2;
  end
endmodule

// A lane of an average: by the reciprocal that all lanes share, and put right by its rest.
module average_lane #(parameter ACC = 33)
 (input clk, input signed [ACC-1:0] sum, input [16:0] count, input [33:0] reciprocal,
  output reg signed [16:0] average);
  wire [17:0] divisor = {count, 1'b0};
  reg [ACC+1:0] dividend, dividend1, dividend2, dividend3; reg [33:0] reciprocal1;
  reg [ACC+35:0] product; reg [17:0] estimate; reg [35:0] times; reg [17:0] estimate1;
  wire [ACC+1:0] rest = dividend3 - times;
  always @(posedge clk) begin
    dividend <= 2 * sum + $signed({1'b0, count}) + $signed({1'b0, divisor, 15'b0});
    reciprocal1 <= reciprocal;
    product <= dividend * reciprocal1; dividend1 <= dividend;
    estimate <= product >> 34; dividend2 <= dividend1;
    times <= estimate * divisor; estimate1 <= estimate; dividend3 <= dividend2;
    average <= estimate1 + (rest >= divisor) - 18'd32768;
  end
endmodule

// A quotient, a bit a cycle.
module divider #(parameter W = 64, D = 32)
 (input clk, start, input [W-1:0] dividend, input [D-1:0] divisor, output reg done,
  output [W-1:0] quotient);
  reg [W-1:0] left; reg [D-1:0] by; reg [D:0] rest; reg [$clog2(W):0] count;
  wire [D:0] next = {rest[D-1:0], left[W-1]};
  wire [D+1:0] less = {1'b0, next} - by;
  assign quotient = left;
  always @(posedge clk) begin
    done <= count == 1;
    if (start) begin left <= dividend; by <= divisor; rest <= 0; count <= W; end
    else if (count != 0) begin
      left <= {left[W-2:0], !less[D+1]}; rest <= less[D+1] ? next : less; count <= count - 1'b1;
    end
  end
endmodule
