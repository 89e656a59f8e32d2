"""Fine-tuning of networks with the accelerator's integers in the loop."""
