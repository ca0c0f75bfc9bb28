-- Winners of a prize, as they are asked for. $1 rally, $2 prize, $3 their entries.
-- Returns entry, visitor (null for a list of an earlier release), addressed.
SELECT entry, visitor,
       EXISTS (
           SELECT FROM addresses
           WHERE addresses.visitor = draw_entries.visitor AND addresses.rally = $1
             AND address IS NOT NULL
       ) AS addressed
FROM draw_entries
WHERE rally = $1 AND prize = $2 AND entry = ANY ($3::text[])
