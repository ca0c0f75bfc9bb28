-- Cards that are put together, and answers to a rally's own survey.
ALTER TYPE event_type ADD VALUE 'CardLinked';
ALTER TYPE event_type ADD VALUE 'SurveyAnswered';
