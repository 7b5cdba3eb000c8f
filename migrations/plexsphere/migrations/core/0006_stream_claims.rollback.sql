DROP TABLE stream_claims, stream_claim_head;
