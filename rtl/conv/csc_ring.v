// Line bookkeeping of CSC's data ring: which lines are there, and which can be freed.
//
// `lines` counts lines from the first one of the running layer, `line_part` entries of the line that is
// arriving. While the last kernel group passes, lines
// above the running stripe are freed one by one (never more than RLS_SLICES); what is missing then is freed
// after the layer, also one line a cycle, each as soon as it has arrived. Lines that stay (RLS_SLICES below
// the height, or SKIP_DATA_RLS) are `kept`: the next layer either begins with them (DATA_REUSE) or frees
// them before it begins. cdma.md section 7.
`default_nettype none

module csc_ring (
    input  wire        clk,
    input  wire        rst_n,
    // ring
    input  wire        dat_entry,    // an entry has arrived
    input  wire        dat_slice,    // and it is the last one of its line
    input  wire        dat_flush,
    output reg         dat_rls_valid,
    output reg  [14:0] dat_rls_entries,
    // layer
    input  wire        prepare,      // pulse, configuration of the next layer is valid from here to `done`
    input  wire        start,        // pulse, after `ready`
    input  wire        done,         // pulse, all lines were read
    output wire        ready,        // everything before this layer was freed
    output wire        settled,      // everything that the layer had to free was freed
    input  wire        reuse,        // DATA_REUSE
    input  wire        skip_release, // SKIP_DATA_RLS
    input  wire        image,
    input  wire [12:0] height,       // - 1
    input  wire [11:0] release_m1,   // RLS_SLICES field
    input  wire [13:0] line_entries, // entries of a line - 1
    input  wire [4:0]  banks,        // banks of the ring - 1
    output reg  [13:0] ring_start,
    output reg  [14:0] lines,
    output reg  [14:0] line_part,
    // progress
    input  wire        last_group,
    input  wire [14:0] first_line    // first line the running stripe needs, signed
);

reg [13:0] head;       // first entry that is not freed
reg [14:0] entries;    // of a line, last layer that started
reg [4:0]  banks_q;    // the same layer's
reg [13:0] to_free;    // lines this layer has yet to free
reg [13:0] freed;      // lines freed while it runs
reg [13:0] kept;       // lines of the former layer that are still there
reg        kept_full;  // all of them, because of SKIP_DATA_RLS
reg        was_image;
reg        running;
reg        preparing;  // lines kept by the former layer are not dealt with yet

wire keep  = reuse && (image == was_image);
wire drop  = preparing && !running && (to_free == 14'd0) && !keep;

wire passed = last_group && !first_line[14] && (freed < first_line[13:0]);
wire there  = running ? (lines != {1'b0, freed}) : (lines != 15'd0);
wire free   = (to_free != 14'd0) && there && (running ? passed : 1'b1);

assign settled = (to_free == 14'd0);
assign ready   = settled && !preparing;

wire [14:0] gone = done ? {1'b0, freed} : {14'd0, free && !running};

// Lines of the layer: those kept where they are the whole input, else the height that is programmed.
wire [13:0] all_lines = (keep && kept_full) ? kept : {1'b0, height} + 14'd1;
wire [13:0] kept_next = skip_release ? all_lines : all_lines - {2'd0, release_m1} - 14'd1;

wire [14:0] head_sum  = {1'b0, head} + entries;
wire [5:0]  head_wrap = head_sum[14:9] - {1'b0, banks_q} - 6'd1;

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) begin
        lines     <= 15'd0;
        line_part <= 15'd0;
        head      <= 14'd0;
        to_free   <= 14'd0;
        kept      <= 14'd0;
        kept_full <= 1'b0;
        was_image <= 1'b0;
        running   <= 1'b0;
        preparing <= 1'b0;
    end else if (dat_flush) begin
        lines     <= 15'd0;
        head      <= 14'd0;
        to_free   <= 14'd0;
        kept      <= 14'd0;
        kept_full <= 1'b0;
    end else begin
        lines <= lines + {14'd0, dat_slice} - gone;
        if (dat_slice)      line_part <= 15'd0;
        else if (dat_entry) line_part <= line_part + 15'd1;
        if (free) head <= {head_wrap[5] ? head_sum[13:9] : head_wrap[4:0], head_sum[8:0]};

        if (prepare)                       preparing <= 1'b1;
        else if (to_free == 14'd0)         preparing <= 1'b0;

        if (start)     to_free <= skip_release ? 14'd0 : {2'd0, release_m1} + 14'd1;
        else if (drop) to_free <= kept;
        else if (free) to_free <= to_free - 14'd1;

        if (start) begin
            running   <= 1'b1;
            was_image <= image;
            kept_full <= skip_release;
            kept      <= kept_next;
        end else if (done) begin
            running   <= 1'b0;
        end
    end
end

always @(posedge clk) begin
    if (start) begin
        ring_start <= head;
        entries    <= {1'b0, line_entries} + 15'd1;
        banks_q    <= banks;
        freed      <= 14'd0;
    end else if (free && running) begin
        freed      <= freed + 14'd1;
    end
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) dat_rls_valid <= 1'b0;
    else        dat_rls_valid <= free;
end

always @(posedge clk) dat_rls_entries <= entries;

endmodule

`default_nettype wire
