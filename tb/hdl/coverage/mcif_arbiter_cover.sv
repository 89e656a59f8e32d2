// Arbiters of reads (7 clients) and writes (3): every client after every other one, weights at their limits.
`include "cover.svh"

module mcif_arbiter_cover #(parameter N = 7) (
    input wire clk, rst_n, accept, keep,
    input wire [N-1:0] req, want, owner, grant,
    input wire [8*N-1:0] weight,
    input wire [7:0] left, quota
);

wire taken = accept && |grant;

genvar g, h;
generate
    if (N == 7) begin : reads
        for (g = 0; g < N; g = g + 1) begin : client
            `COVER(weight_0_is_never_granted, req[g] && weight[8*g +: 8] == 0)
            `COVER(uses_up_a_weight_above_1, taken && grant[g] && quota == 1 && keep)
            `COVER(gives_up_before_its_weight_is_used, taken && owner[g] && !grant[g] && left != 0)
            for (h = 0; h < N; h = h + 1) begin : after_client
                `COVER(granted, taken && grant[g] && owner[h] && !keep)
            end
        end
        `COVER(all_request, &req)
    end else begin : writes
        for (g = 0; g < N; g = g + 1) begin : client
            `COVER(weight_0_is_never_granted, req[g] && weight[8*g +: 8] == 0)
            `COVER(uses_up_a_weight_above_1, taken && grant[g] && quota == 1 && keep)
            `COVER(gives_up_before_its_weight_is_used, taken && owner[g] && !grant[g] && left != 0)
            for (h = 0; h < N; h = h + 1) begin : after_client
                `COVER(granted, taken && grant[g] && owner[h] && !keep)
            end
        end
        `COVER(all_request, &req)
    end
endgenerate
`COVER(first_grant_of_weight_255, taken && quota == 255)
`COVER(waits_for_accept, |grant && !accept)

endmodule

bind mcif_arbiter mcif_arbiter_cover #(.N(N)) u_cover (.*);
