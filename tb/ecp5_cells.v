// The cells of Lattice ECP5 that the generator uses by name, and those that synthesis makes of the rest, for simulation:
// what their data sheet says of the settings in use. Others stop the simulation.

module MULT18X18D(
    input A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
    input B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    input C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK0, CLK1, CLK2, CLK3, CE0, CE1, CE2, CE3, RST0, RST1, RST2, RST3,
    output P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21, P22,
    P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35);
  parameter REG_INPUTA_CLK = "NONE", REG_INPUTA_CE = "CE0", REG_INPUTA_RST = "RST0";
  parameter REG_INPUTB_CLK = "NONE", REG_INPUTB_CE = "CE0", REG_INPUTB_RST = "RST0";
  parameter REG_INPUTC_CLK = "NONE", REG_PIPELINE_CLK = "NONE";
  parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE0", REG_OUTPUT_RST = "RST0";
  parameter GSR = "ENABLED", SOURCEB_MODE = "B_SHIFT", RESETMODE = "SYNC";

  reg signed [17:0] a, b;
  reg signed [35:0] p;
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p;

  wire reset_a = REG_INPUTA_RST == "RST0" ? RST0 : RST1;
  wire reset_b = REG_INPUTB_RST == "RST0" ? RST0 : RST1;
  wire reset_p = REG_OUTPUT_RST == "RST0" ? RST0 : RST1;
  always @(posedge CLK0) begin
    a <= reset_a ? 18'd0 : {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    b <= reset_b ? 18'd0 : {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    p <= reset_p ? 36'sd0 : a * b;
  end

  initial
    if (REG_INPUTA_CLK != "CLK0" || REG_INPUTB_CLK != "CLK0" || REG_OUTPUT_CLK != "CLK0" || REG_PIPELINE_CLK != "NONE"
        || REG_INPUTC_CLK != "NONE" || GSR != "DISABLED" || RESETMODE != "SYNC" || SOURCEB_MODE != "B_C_DYNAMIC"
        || {SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CE0} !== 5'b11001) begin
      $display("MULT18X18D: no model of these settings");
      $finish;
    end
endmodule

// Two bits of a carry chain.
module CCU2C(input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
  parameter [15:0] INIT0 = 16'h0000, INIT1 = 16'h0000;
  parameter INJECT1_0 = "YES", INJECT1_1 = "YES";

  // Of each bit: what it adds to the carry, and the carry that it makes where it lets none through.
  wire sum_0, made_0, sum_1, made_1;
  LUT4 #(.INIT(INIT0)) add_0(A0, B0, C0, D0, sum_0);
  LUT4 #(.INIT(INIT0)) make_0(A0, B0, 1'b0, 1'b0, made_0);
  LUT4 #(.INIT(INIT1)) add_1(A1, B1, C1, D1, sum_1);
  LUT4 #(.INIT(INIT1)) make_1(A1, B1, 1'b0, 1'b0, made_1);
  wire carry_0 = sum_0 ? CIN : made_0;
  assign S0 = sum_0 ^ CIN;
  assign S1 = sum_1 ^ carry_0;
  assign COUT = sum_1 ? carry_0 : made_1;

  initial
    if (INJECT1_0 != "NO" || INJECT1_1 != "NO") begin
      $display("CCU2C: no model of these settings");
      $finish;
    end
endmodule

// Clear or set is synchronous, and wins over the enable.
module TRELLIS_FF(input CLK, LSR, CE, DI, output reg Q);
  parameter GSR = "ENABLED", CEMUX = "1", CLKMUX = "CLK", LSRMUX = "LSR", REGSET = "RESET", SRMODE = "LSR_OVER_CE";

  initial
    Q = REGSET == "SET";
  always @(posedge CLK)
    if (LSR)
      Q <= REGSET == "SET";
    else if (CEMUX == "1" || CE)
      Q <= DI;

  initial
    if (GSR != "DISABLED" || (CEMUX != "1" && CEMUX != "CE") || CLKMUX != "CLK" || LSRMUX != "LSR"
        || SRMODE != "LSR_OVER_CE") begin
      $display("TRELLIS_FF: no model of these settings");
      $finish;
    end
endmodule

module LUT4(input A, B, C, D, output Z);
  parameter [15:0] INIT = 16'h0000;

  // Conditions and not an index: an unknown input that does not matter does no harm.
  wire [7:0] by_d = D ? INIT[15:8] : INIT[7:0];
  wire [3:0] by_c = C ? by_d[7:4] : by_d[3:0];
  wire [1:0] by_b = B ? by_c[3:2] : by_c[1:0];
  assign Z = A ? by_b[1] : by_b[0];
endmodule

// Choices between two LUT4, and between two of these.
module PFUMX(input ALUT, BLUT, C0, output Z);
  assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21(input D0, D1, SD, output Z);
  assign Z = SD ? D1 : D0;
endmodule

// 16 words of 4 bits: written with the clock, read without.
module TRELLIS_DPR16X4(input [3:0] DI, WAD, RAD, input WRE, WCK, output [3:0] DO);
  parameter WCKMUX = "WCK", WREMUX = "WRE";
  parameter [63:0] INITVAL = 64'd0;

  reg [63:0] words = INITVAL;
  assign DO = words[4 * RAD +: 4];
  always @(posedge WCK)
    if (WRE)
      words[4 * WAD +: 4] <= DI;

  initial
    if (WCKMUX != "WCK" || WREMUX != "WRE") begin
      $display("TRELLIS_DPR16X4: no model of these settings");
      $finish;
    end
endmodule
