// AXI4-Lite: one response for each request, in order, each the register's, and held until it is taken.
module spec(
  input clk, input rst,
  input awvalid, input [7:0] awaddr, input wvalid, input [31:0] wdata, input [3:0] wstrb, input bready,
  input arvalid, input [7:0] araddr, input rready,
  input write_ok, input read_ok, input [31:0] read_data
);
  wire awready, wready, bvalid, arready, rvalid, write;
  wire [1:0] bresp, rresp;
  wire [31:0] rdata, write_data;
  wire [5:0] write_address, read_address;
  wire [3:0] write_strobes;
  mac_registers_axi_lite dut(
    .clk(clk), .rst(rst), .awvalid(awvalid), .awready(awready), .awaddr(awaddr),
    .wvalid(wvalid), .wready(wready), .wdata(wdata), .wstrb(wstrb), .bvalid(bvalid), .bready(bready), .bresp(bresp),
    .arvalid(arvalid), .arready(arready), .araddr(araddr),
    .rvalid(rvalid), .rready(rready), .rdata(rdata), .rresp(rresp),
    .bus__write(write), .bus__write_address(write_address), .bus__write_data(write_data),
    .bus__write_strobes(write_strobes), .bus__write_ok(write_ok),
    .bus__read_address(read_address), .bus__read_data(read_data), .bus__read_ok(read_ok));

  reg started = 0;
  always @(posedge clk) started <= 1;

  // Requests taken and not answered, and those of them that were carried out and wait with their response.
  reg [1:0] addresses, words, reads;
  reg written, fetched;
  // The one that was not carried out.
  reg [7:0] address, read_from;
  reg [31:0] data;
  reg [3:0] strobes;
  // What its response must be.
  reg [1:0] write_response, read_response;
  reg [31:0] value;
  wire aw = awvalid && awready, w = wvalid && wready, b = bvalid && bready;
  wire ar = arvalid && arready, r = rvalid && rready;
  wire read = reads > fetched && !fetched;
  // Both halves of a request, or a read, waited in the cycle before, and no response was in the way.
  reg write_due, read_due;
  always @(posedge clk) begin
    addresses <= addresses + aw - b;
    words <= words + w - b;
    reads <= reads + ar - r;
    if (aw) address <= awaddr;
    if (w) {data, strobes} <= {wdata, wstrb};
    if (ar) read_from <= araddr;
    if (write) begin
      written <= 1;
      write_response <= write_ok ? 2'd0 : 2'd2;
    end else if (b)
      written <= 0;
    if (read) begin
      fetched <= 1;
      read_response <= read_ok ? 2'd0 : 2'd2;
      value <= read_data;
    end else if (r)
      fetched <= 0;
    write_due <= addresses != 0 && words != 0 && !bvalid;
    read_due <= reads != 0 && !rvalid;
    if (rst) begin
      addresses <= 0;
      words <= 0;
      reads <= 0;
      written <= 0;
      fetched <= 0;
      write_due <= 0;
      read_due <= 0;
    end
  end

  (* keep *) wire has_address, has_data, asked;
  (* keep *) wire cover_refused = b && write_response == 2 && addresses == 2;
  (* keep *) wire cover_read = r && value == 32'd7 && arvalid;
  (* keep *) wire cover_all_at_once = aw && w && ar && bvalid && rvalid;
  always @* begin
    assume (rst || started);
    if (started) begin
      assert (bvalid == written && rvalid == fetched);
      assert (!bvalid || (addresses != 0 && words != 0 && bresp == write_response));
      assert (!rvalid || (reads != 0 && rresp == read_response && rdata == value));
      // Each is carried out once, with its own address, data and strobes, and after the response before it has left.
      assert (!write || (addresses != 0 && words != 0 && !written));
      assert (!write || (write_address == address[7:2] && write_data == data && write_strobes == strobes));
      assert (!read || read_address == read_from[7:2]);
      // No request waits for anything but a response.
      assert (!write_due || bvalid);
      assert (!read_due || rvalid);
      assert (awready || addresses != 0);
      assert (wready || words != 0);
      assert (arready || reads != 0);
      // Its state.
      assert (addresses == has_address + written && words == has_data + written && reads == asked + fetched);
      assert (!has_address || write_address == address[7:2]);
      assert (!has_data || (write_data == data && write_strobes == strobes));
      assert (!asked || read_address == read_from[7:2]);
    end
  end
endmodule
