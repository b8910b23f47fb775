// Models of the cells at the pins of an FPGA, as far as boards use them: buffers without delay, and a reset that is
// over when the simulation begins.

// Lattice iCE40: an input, or (PIN_TYPE 101001) an output that can be released.
module SB_IO(inout PACKAGE_PIN, input D_OUT_0, input OUTPUT_ENABLE, output D_IN_0);
  parameter [5:0] PIN_TYPE = 6'b000001;
  parameter IO_STANDARD = "";
  parameter PULLUP = 0;
  assign PACKAGE_PIN = PIN_TYPE[5:2] == 4'b1010 && OUTPUT_ENABLE ? D_OUT_0 : 1'bz;
  assign D_IN_0 = PACKAGE_PIN;
endmodule

module SB_GB_IO(inout PACKAGE_PIN, output GLOBAL_BUFFER_OUTPUT);
  parameter [5:0] PIN_TYPE = 6'b000001;
  parameter IO_STANDARD = "";
  assign GLOBAL_BUFFER_OUTPUT = PACKAGE_PIN;
endmodule

// Lattice ECP5
module IB(input I, output O);
  assign O = I;
endmodule

module OBZ(input I, input T, output O);
  assign O = T ? 1'bz : I;
endmodule

module FD1S3AX(input CK, input D, output reg Q);
  parameter GSR = "";
  initial Q = 1'b0;
  always @(posedge CK) Q <= D;
endmodule

// Resets all registers until GSR is high; they begin with the same values here.
module SGSR(input CLK, input GSR);
endmodule

// Gowin
module IBUF(input I, output O);
  assign O = I;
endmodule

module TBUF(input I, input OEN, output O);
  assign O = OEN ? 1'bz : I;
endmodule
