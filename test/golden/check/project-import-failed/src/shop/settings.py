import os
import xgboost
