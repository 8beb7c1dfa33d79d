"""The tables of the index. Times in unix milliseconds unless they say nanoseconds."""

VERSION = 1

SCHEMA = (
    "CREATE TABLE generation (number INTEGER NOT NULL)",
    """
    CREATE TABLE folders (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        changed_ns INTEGER NOT NULL  -- 0: to be looked at again
    )
    """,
    # A row per rollout file. Up to `is_head` it comes from names alone; what follows is from a look
    # at the file, and holds for as long as inode, size and time of change are the same. A row
    # with `known` 0 may hold what was found earlier.
    """
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        folder INTEGER NOT NULL,
        path TEXT NOT NULL UNIQUE,
        thread TEXT NOT NULL,
        file_id TEXT NOT NULL,
        created INTEGER NOT NULL,
        sequence TEXT NOT NULL,
        archived INTEGER NOT NULL,
        is_head INTEGER NOT NULL DEFAULT 0,  -- the newest file of its thread
        inode INTEGER,
        size INTEGER,
        changed_ns INTEGER,
        updated INTEGER,
        known INTEGER NOT NULL DEFAULT 0,  -- 0: the file has to be looked at (again)
        opening_end INTEGER,               -- how far its beginning was read; null if never
        opening_check INTEGER,
        kind TEXT,
        provider TEXT,
        originator TEXT,
        cwd TEXT,
        parent TEXT,
        base TEXT,
        base_end INTEGER,
        preview TEXT,
        meta TEXT,
        stamp TEXT,
        git TEXT,
        model TEXT,
        effort TEXT
    )
    """,
    "CREATE INDEX files_by_folder ON files (folder)",
    "CREATE INDEX files_by_thread ON files (thread)",
    "CREATE INDEX files_by_created ON files (archived, created, thread) WHERE is_head",
    "CREATE INDEX files_by_updated ON files (archived, updated, thread) WHERE is_head",
    "CREATE INDEX files_unknown ON files (created) WHERE NOT known",
    "CREATE INDEX files_by_parent ON files (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX files_by_base ON files (base) WHERE base IS NOT NULL",
    # How far files were read for their turns and for their texts, at the beginning of a line.
    """
    CREATE TABLE readings (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        purpose TEXT NOT NULL,
        inode INTEGER NOT NULL,
        done INTEGER NOT NULL,
        done_check INTEGER NOT NULL,
        size INTEGER NOT NULL,  -- of the file when it was read
        UNIQUE (path, purpose)
    )
    """,
    """
    CREATE TABLE turn_marks (
        reading INTEGER NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        kind TEXT NOT NULL,
        turn TEXT,
        number INTEGER,
        PRIMARY KEY (reading, start)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        reading INTEGER NOT NULL,
        start INTEGER NOT NULL,
        from_user INTEGER NOT NULL
    )
    """,
    "CREATE INDEX messages_by_reading ON messages (reading, start)",
    "CREATE VIRTUAL TABLE message_texts USING fts5 (body, tokenize = 'trigram')",
)
