// Rules of dla_clock_gate, included by the module when FORMAL is set. Proven for inputs that change at any time
// (dla_clock_gate.sby).
(* gclk *) reg f_time;
reg            f_started = 1'b0;

always @(posedge f_time) begin
    f_started <= 1'b1;
    if (f_started && PRESENT == 0) assert (gated == clk);               // 1: a wire
    if (f_started && PRESENT == 1) begin
        if (!clk) assert (!gated);                                      // 2: low with the clock,
        if ($past(clk) && clk) assert (gated == $past(gated));          // 3: without a glitch while it is high
        if (!$past(clk) && clk) assert (gated == $past(enable || ungated)); // 4: the edge passes that was asked for
    end
    cover (f_started && !$past(clk) && clk && !gated);
    cover (f_started && $past(gated) && !gated);
end
