-- Artifacts: the agent's released binaries by what they are called, and what their content is (plexd.md, Artifacts; decision 0046).
-- phase: expand
-- depends: 0004_policy

CREATE TABLE plexd_releases (
    version text COLLATE "C" PRIMARY KEY,
    support_status text NOT NULL CHECK (support_status IN ('supported', 'deprecated', 'withdrawn')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plexd_releases_version CHECK (version ~ '^[0-9A-Za-z]+([._+-][0-9A-Za-z]+)*$' AND octet_length(version) <= 64)
);
COMMENT ON TABLE plexd_releases IS 'of the whole platform; no Domain has binaries of its own';

CREATE TABLE plexd_artifacts (
    version text COLLATE "C" NOT NULL REFERENCES plexd_releases (version),
    os text COLLATE "C" NOT NULL CHECK (os ~ '^[0-9a-z]+([_-][0-9a-z]+)*$' AND octet_length(os) <= 32),
    arch text COLLATE "C" NOT NULL CHECK (arch ~ '^[0-9a-z]+([_-][0-9a-z]+)*$' AND octet_length(arch) <= 32),
    sha256 text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint NOT NULL CHECK (size > 0),
    verdict text NOT NULL CHECK (verdict IN ('verified', 'unverified')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version, os, arch)
);
COMMENT ON COLUMN plexd_artifacts.sha256 IS 'what the content is called in the store; no row is ever given another';
COMMENT ON COLUMN plexd_artifacts.verdict IS 'verified where whoever put it said this digest beforehand';
CREATE INDEX plexd_artifacts_of_content ON plexd_artifacts (sha256);
