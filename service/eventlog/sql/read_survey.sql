-- How often each answer to a rally's survey was given. $1 rally. Returns question, choice, answers.
-- A card that another one has taken over takes its answers back: that one has them now.
SELECT answer.key AS question, answer.value AS choice,
       sum(CASE type WHEN 'CardLinked' THEN -1 ELSE 1 END)::bigint AS answers
FROM events CROSS JOIN LATERAL jsonb_each_text(data -> 'answers') AS answer
WHERE rally = $1 AND type IN ('SurveyAnswered', 'CardLinked')
GROUP BY 1, 2
