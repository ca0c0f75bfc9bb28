-- Close-outs: the facts; whose entry is which, so that winners can be found; what is looked through.
ALTER TYPE event_type ADD VALUE 'RallyFrozen';
ALTER TYPE event_type ADD VALUE 'RallyThawed';
ALTER TYPE event_type ADD VALUE 'VisitsReviewed';
ALTER TYPE event_type ADD VALUE 'WinnerForfeited';

-- Never published. Lists that were fixed before have none.
ALTER TABLE draw_entries ADD COLUMN visitor uuid;

-- Visits that are to be looked at: they came late, or from a phone that did not tell where it was.
CREATE INDEX events_of_marked_visits ON events (rally, recorded_at)
    WHERE type = 'VisitRecorded' AND data ?| '{late,unplaced}';
-- What was handed over, for the reconciliation.
CREATE INDEX events_of_hand_overs ON events (rally)
    WHERE type IN ('PrizeHandedOver', 'HandOverReversed', 'CardLinked');
