// The DSP blocks of Gowin that the generator or synthesis uses, for simulation: what the vendor's documentation says of
// the settings in use. Others stop the simulation.

module MULTALU18X18(
    input [17:0] A, B, input [53:0] C, D, input [54:0] CASI,
    input ASIGN, BSIGN, DSIGN, ACCLOAD, CLK, CE, RESET, output [53:0] DOUT, output [54:0] CASO);
  parameter AREG = 1'b0, BREG = 1'b0, CREG = 1'b0, DREG = 1'b0, PIPE_REG = 1'b0, OUT_REG = 1'b0;
  parameter ASIGN_REG = 1'b0, BSIGN_REG = 1'b0, DSIGN_REG = 1'b0, ACCLOAD_REG0 = 1'b0, ACCLOAD_REG1 = 1'b0;
  parameter B_ADD_SUB = 1'b0, C_ADD_SUB = 1'b0, MULTALU18X18_MODE = 0, MULT_RESET_MODE = "SYNC";

  reg signed [35:0] product;
  reg signed [53:0] sum;
  assign DOUT = sum;
  assign CASO = 55'd0;

  // With ACCLOAD the sum goes on, without it starts anew.
  always @(posedge CLK) begin
    product <= $signed(A) * $signed(B);
    sum <= (ACCLOAD ? sum : 54'sd0) + product;
  end

  initial
    if ({AREG, BREG, PIPE_REG, OUT_REG, ACCLOAD_REG0, ACCLOAD_REG1, C_ADD_SUB} !== 7'b0011000
        || MULTALU18X18_MODE != 0 || {ASIGN, BSIGN, CE, RESET} !== 4'b1110 || C !== 54'd0) begin
      $display("MULTALU18X18: no model of these settings");
      $finish;
    end
endmodule

module MULT9X9(
    input [8:0] A, B, SIA, SIB, input ASIGN, BSIGN, ASEL, BSEL, CLK, CE, RESET, output [17:0] DOUT,
    output [8:0] SOA, SOB);
  parameter AREG = 1'b0, BREG = 1'b0, OUT_REG = 1'b0, PIPE_REG = 1'b0, ASIGN_REG = 1'b0, BSIGN_REG = 1'b0;
  parameter SOA_REG = 1'b0, MULT_RESET_MODE = "SYNC";

  assign DOUT = $signed(A) * $signed(B);
  assign {SOA, SOB} = 18'd0;

  initial
    if ({AREG, BREG, OUT_REG, PIPE_REG} !== 4'b0000 || {ASIGN, BSIGN, ASEL, BSEL} !== 4'b1100) begin
      $display("MULT9X9: no model of these settings");
      $finish;
    end
endmodule
