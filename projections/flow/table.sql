-- Flow: a row per rally and pair of spots between which somebody moved on one day.
CREATE TABLE IF NOT EXISTS flow (
    rally          text    NOT NULL,
    origin         text    NOT NULL,
    destination    text    NOT NULL,
    moves          bigint  NOT NULL,
    median_minutes real    NOT NULL,
    minutes        jsonb   NOT NULL,  -- [[minutes, moves], …], the longer the coarser
    PRIMARY KEY (rally, origin, destination)
)
