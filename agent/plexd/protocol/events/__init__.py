"""The signed event stream: framing, verification, payloads and the reader that never gives up."""
