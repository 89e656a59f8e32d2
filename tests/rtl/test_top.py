"""NV_nvdla has exactly the ports a harness of the public nv_small design binds by name (spec: system.md section 2)."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2] / "rtl" / "top" / "NV_nvdla.v"

INPUTS = {
    1: """dla_core_clk dla_csb_clk global_clk_ovr_on tmc2slcg_disable_clock_gating dla_reset_rstn direct_reset_
        test_mode csb2nvdla_valid csb2nvdla_write csb2nvdla_nposted nvdla_core2dbb_aw_awready
        nvdla_core2dbb_w_wready nvdla_core2dbb_b_bvalid nvdla_core2dbb_ar_arready nvdla_core2dbb_r_rvalid
        nvdla_core2dbb_r_rlast""",
    8: "nvdla_core2dbb_b_bid nvdla_core2dbb_r_rid",
    16: "csb2nvdla_addr",
    32: """csb2nvdla_wdat nvdla_pwrbus_ram_c_pd nvdla_pwrbus_ram_ma_pd nvdla_pwrbus_ram_mb_pd
        nvdla_pwrbus_ram_p_pd nvdla_pwrbus_ram_o_pd nvdla_pwrbus_ram_a_pd""",
    64: "nvdla_core2dbb_r_rdata",
}
OUTPUTS = {
    1: """csb2nvdla_ready nvdla2csb_valid nvdla2csb_wr_complete nvdla_core2dbb_aw_awvalid nvdla_core2dbb_w_wvalid
        nvdla_core2dbb_w_wlast nvdla_core2dbb_b_bready nvdla_core2dbb_ar_arvalid nvdla_core2dbb_r_rready dla_intr""",
    4: "nvdla_core2dbb_aw_awlen nvdla_core2dbb_ar_arlen",
    8: "nvdla_core2dbb_aw_awid nvdla_core2dbb_w_wstrb nvdla_core2dbb_ar_arid",
    32: "nvdla2csb_data nvdla_core2dbb_aw_awaddr nvdla_core2dbb_ar_araddr",
    64: "nvdla_core2dbb_w_wdata",
}


def test_ports() -> None:
    wanted = {
        (direction, name, bits)
        for direction, table in (("input", INPUTS), ("output", OUTPUTS))
        for bits, names in table.items()
        for name in names.split()
    }
    text = TOP.read_text()
    header = text[text.index("module NV_nvdla #(") : text.index(");")]
    pattern = re.compile(r"^\s+(input|output)\s+wire\s+(?:\[(\d+):0\])?\s*(\w+)", re.M)
    ports = [(direction, name, int(msb or 0) + 1) for direction, msb, name in pattern.findall(header)]
    assert len(ports) == len(set(ports))
    assert set(ports) == wanted
