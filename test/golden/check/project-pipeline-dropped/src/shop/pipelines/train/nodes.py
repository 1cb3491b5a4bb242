import lightgbm as lgb
