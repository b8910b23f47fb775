// Whose turn it is: jobs are numbered 0, 1, 0, 1, ...; none is skipped and none is done twice.
module spec(input clk, input rst, input issue, input done);
  wire active, slot;
  mac_output_buffer_send_turn dut(.clk(clk), .rst(rst), .issue(issue), .done(done), .active(active), .slot(slot));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire [1:0] waiting;
  reg [7:0] issued, finished;
  always @(posedge clk) begin
    issued <= issued + issue;
    finished <= finished + done;
    if (rst) begin
      issued <= 0;
      finished <= 0;
    end
  end
  wire [7:0] unfinished = issued - finished;
  (* keep *) wire cover_both = unfinished == 2 && slot;
  (* keep *) wire cover_handed_over = issue && done && !slot && issued > 3;
  always @* begin
    assume (rst || started);
    assume (!(done && unfinished == 0));
    assume (!(issue && unfinished == 2 && !done));
    if (started) begin
      assert (active == (unfinished != 0));
      assert (slot == finished[0]);
      assert (unfinished <= 2 && waiting == unfinished);
    end
  end
endmodule
