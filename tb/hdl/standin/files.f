# The stand-in DUT: DUT_FILELIST=tb/hdl/standin/files.f runs chip-level programs on it.
../../../rtl/lib/dla_fifo.v
NV_nvdla.v
